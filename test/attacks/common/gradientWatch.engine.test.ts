/** Attacks whose loss has no gradient: the figure is high, and the evaluation says that it means nothing. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../../src/attacks/apgd/apgd.js'
import { apgdTargeted } from '../../../src/attacks/apgd/apgdTargeted.js'
import type { Attack, Classifier } from '../../../src/attacks/common/attack.js'
import { gradientCount, reportGradient, reportGradients } from '../../../src/attacks/common/gradientWatch.js'
import { crossEntropy, logCrossEntropy } from '../../../src/attacks/common/losses.js'
import { cwL2 } from '../../../src/attacks/cw/cwL2.js'
import { fab } from '../../../src/attacks/fab/fab.js'
import { fabTargeted } from '../../../src/attacks/fab/fabTargeted.js'
import { fgsm } from '../../../src/attacks/fgsm.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { runAttack } from '../../../src/attacks/run.js'
import { square } from '../../../src/attacks/square/square.js'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { tf } from '../../../src/engine/tf.js'
import { attacked, inputOf, linearClassifier, problem, smallNetwork } from '../../support/attacked.js'
import { evaluatePublic } from '../../support/evaluatePublic.js'
import { expectEvery } from '../../support/expectEvery.js'
import { describeGolden } from '../../support/golden.js'
import { isNative } from '../../support/isNative.js'
import { seededNumbers } from '../../support/numbers.js'
import { refusalOf } from '../../support/refusalOf.js'

const epsilon = 0.3
/** PGD in few steps: the portable engine is slow. */
const quick = { epsilon, steps: isNative ? 40 : 10, stepSize: isNative ? 0.01 : 0.05 }
const EXAMPLES = 100

const evaluated = async (attacks: readonly Attack[], scale: number, examples = EXAMPLES) => {
  const warnings: string[] = []
  const onWarning = (message: string): void => void warnings.push(message)
  const { accuracies } = await evaluatePublic('mnist_fastat_pgd', attacks, { examples, scale, onWarning })
  return { ...accuracies, warnings }
}

const plain = [fgsm({ epsilon }), pgd(quick), apgd({ epsilon, steps: 10 })]
const rescaled = [
  fgsm({ epsilon, underflow: 'rescale' }),
  pgd({ ...quick, underflow: 'rescale' }),
  apgd({ epsilon, steps: 10, underflow: 'rescale' }),
]
const names = plain.map(({ name }) => name)

describeGolden('a public network whose last layer is multiplied', () => {
  it.each([30, 1000])('by %d: the cross-entropy attacks break nothing, and say so with the share', async (scale) => {
    const { attacks, clean, details = {}, warnings } = await evaluated(plain, scale)
    for (const name of names) {
      expect(attacks[name], name).toBe(clean)
      expect(details[name]?.withoutGradient?.[name], name).toBe(1)
      expect(warnings).toContainEqual(expect.stringMatching(`^${name}: its loss has no gradient on 100\\.0 % of`))
    }
  })

  it.each([30, 1000])('by %d: with `underflow` they are as strong as on the network itself', async (scale) => {
    const { attacks, details, warnings } = await evaluated(rescaled, scale)
    const itself = await evaluated(plain, 1)
    for (const name of names)
      expect(Math.abs(Number(attacks[name]) - Number(itself.attacks[name])), name).toBeLessThanOrEqual(0.05)
    expect(Object.values(details ?? {}).map(({ withoutGradient }) => withoutGradient)).toEqual(
      names.map(() => undefined),
    )
    expect(warnings).toEqual([])
  })

  it.each([1, 0.001])('by %d, a temperature: there is a gradient, and no warning', async (scale) => {
    expect((await evaluated(plain, scale)).warnings).toEqual([])
  })

  it('the losses of margins and ratios keep their gradient', async () => {
    const others = [
      pgd({ ...quick, loss: 'margin' }),
      apgd({ epsilon, loss: 'dlr', steps: 3 }),
      apgdTargeted({ epsilon, steps: 3, targets: 1 }),
      fabTargeted({ epsilon, steps: 3, targets: 1 }),
      cwL2({ steps: 3 }),
    ]
    expect((await evaluated(others, 30, 20)).warnings).toEqual([])
  })
})

/** Logits that do not change with the image: no loss has a gradient. */
const constant: Classifier = (images) => {
  const zero = tf.mul(tf.expandDims(tf.sum(images, [1, 2, 3]), 1), 0)
  return tf.add(zero, tf.tensor2d([[3, 2, 1, 0, -1]])) as Tensor2D
}

describe('every gradient attack reports examples without a gradient', () => {
  const five = problem(1, 4, 5)
  const input = { ...five, classes: [0, 0, 0, 0] }

  it.each([
    ['fgsm', fgsm({ epsilon })],
    ['fgsm in L2', fgsm({ epsilon, norm: 'L2' })],
    ['pgd', pgd({ epsilon, steps: 3, stepSize: 0.1 })],
    ['pgd on the margin', pgd({ epsilon, steps: 3, stepSize: 0.1, loss: 'margin', restarts: 2 })],
    ['pgd on the divergence', pgd({ epsilon, steps: 3, stepSize: 0.1, loss: 'kl' })],
    ['cw', cwL2({ steps: 3 })],
    ['apgd-ce', apgd({ epsilon, steps: 3 })],
    ['apgd-ce with samples', apgd({ epsilon, steps: 3, samples: 2 })],
    ['apgd-dlr', apgd({ epsilon, steps: 3, loss: 'dlr' })],
    ['apgd-t', apgdTargeted({ epsilon, steps: 3 })],
    ['fab', fab({ epsilon, steps: 3 })],
    ['fab-t', fabTargeted({ epsilon, steps: 3, norm: 'L2' })],
  ] as const)('%s', (_name, attack) => {
    const count = gradientCount()
    tf.tidy(() => runAttack(attack, { ...inputOf(input, constant), onGradient: count.watch }).dataSync())
    expect([0, 1, 2, 3].map(count.isBlind)).toEqual([true, true, true, true])
  })

  it('but square, which takes none', () => {
    const count = gradientCount()
    tf.tidy(() =>
      runAttack(square({ epsilon, queries: 3 }), { ...inputOf(input, constant), onGradient: count.watch }).dataSync(),
    )
    expect(count.isBlind(0)).toBe(false)
  })

  it('a logit that is not a number ends the attack', () => {
    const broken: Classifier = (images) => tf.div(constant(images), tf.tensor2d([[1, 1, 1, 1, 0]])) as Tensor2D
    const nothing: Classifier = (images) => tf.mul(broken(images), tf.tensor2d([[1, 1, 1, 1, 0]])) as Tensor2D
    for (const underflow of [undefined, 'rescale'] as const)
      expect(() => attacked(fgsm({ epsilon, underflow }), input, nothing)).toThrow(PwoaFailure)
  })
})

describe('a gradient counts as missing', () => {
  const images = (...values: readonly (readonly number[])[]): Tensor4D =>
    tf.tensor4d(values.flat(), [values.length, 1, 2, 1])
  const usable = (gradient: Tensor4D, least?: number): readonly number[] => {
    const heard: number[] = []
    const indices = Uint32Array.from({ length: gradient.shape[0] }, (_, i) => i)
    reportGradient({ indices, onGradient: (_, found) => void heard.push(...found) }, gradient, least)
    const values = gradient.dataSync<'float32'>()
    const outside: number[] = []
    reportGradients({ indices, onGradient: (_, found) => void outside.push(...found) }, values)
    if (least === undefined) expect(outside).toEqual(heard)
    return heard
  }

  it('if it is zero, NaN or infinite', () => {
    const gradient = images([0, 0], [0, -1e-30], [Number.NaN, 1], [1, Number.POSITIVE_INFINITY], [1, -1])
    expect(usable(gradient)).toEqual([0, 1, 0, 0, 1])
  })

  it('in L2 if the guard of its normalisation outweighs it', () => {
    expect(usable(images([1e-13, 0], [1e-3, 0]), 1e-12)).toEqual([0, 1])
  })

  it('for an example if it is missing in half of its steps', () => {
    const count = gradientCount()
    const step = (...found: readonly number[]): void => count.watch(Uint32Array.of(7, 9), Uint8Array.from(found))
    step(1, 0)
    step(1, 1)
    expect([7, 9, 11].map(count.isBlind)).toEqual([false, true, false])
    step(1, 1)
    expect([7, 9].map(count.isBlind)).toEqual([false, false])
  })
})

describe('the logarithm of the cross entropy', () => {
  const losses = (logits: Float32Array) =>
    tf.tidy(() => {
      const at = tf.tensor2d(logits, [3, 3])
      const labels = tf.cast(tf.eye(3), 'float32') as Tensor2D
      const of = (loss: (z: Tensor2D) => ReturnType<ReturnType<typeof crossEntropy>>) => {
        const { value, grad } = tf.valueAndGrad((z) => loss(z as Tensor2D))(at, tf.ones([3]))
        return { value: value.dataSync<'float32'>(), grad: grad.dataSync<'float32'>() }
      }
      return { plain: of(crossEntropy(labels)), log: of(logCrossEntropy([0, 1, 2])) }
    })

  it('is that of the cross entropy, and its gradient is parallel', () => {
    const { plain, log } = losses(seededNumbers(3, 9).map((z) => 3 * z))
    for (let row = 0; row < 3; row++) {
      expect(log.value[row]).toBeCloseTo(Math.log(plain.value[row] ?? 0), 5)
      for (let c = 0; c < 3; c++)
        expect(log.grad[3 * row + c]).toBeCloseTo((plain.grad[3 * row + c] ?? 0) / (plain.value[row] ?? 0), 5)
    }
  })

  it.each([1e2, 1e4, 1e6])('has its direction where it underflows, with logits of %d', (scale) => {
    const { plain, log } = losses(Float32Array.of(3, 1, 0, 1, 3, 1, 0, 1, 3).map((z) => scale * z))
    expectEvery(plain.grad.slice(0, 3), (value) => Math.abs(value) < 1e-30)
    expect([...log.grad]).toEqual([-1, 1, 0, 0.5, -1, 0.5, 0, 1, -1].map((value) => expect.closeTo(value, 6)))
    // The margin, and so its order, is kept: Auto-PGD compares losses.
    expect(log.value[0]).toBeCloseTo(-2 * scale, -2)
  })

  it('stays finite on a misclassified example', () => {
    const { log } = losses(Float32Array.of(-1e5, 0, 0, 0, -1e5, 0, 0, 0, -1e5))
    expectEvery([...log.value, ...log.grad], Number.isFinite)
    expect(log.value[0]).toBeCloseTo(Math.log(1e5), 3)
  })
})

describe('where nothing underflows, `underflow` changes nothing', () => {
  const given = problem(5, 6, 3)
  it.each([
    ['fgsm', fgsm({ epsilon: 0.05 }), fgsm({ epsilon: 0.05, underflow: 'rescale' })],
    [
      'pgd',
      pgd({ epsilon: 0.05, steps: 5, stepSize: 0.02 }),
      pgd({ epsilon: 0.05, steps: 5, stepSize: 0.02, underflow: 'rescale' }),
    ],
    ['apgd', apgd({ epsilon: 0.05, steps: 20 }), apgd({ epsilon: 0.05, steps: 20, underflow: 'rescale' })],
  ] as const)('%s', (_name, one, other) => {
    for (const classifier of [linearClassifier(given.weights), smallNetwork(2, 3)]) {
      const [a, b] = [one, other].map((attack) => attacked(attack, given, classifier))
      expect([...(b ?? [])]).toEqual([...(a ?? [])].map((value) => expect.closeTo(value, 5)))
    }
  })

  it('is only for the cross entropy', () => {
    const expected = "loss 'ce' with underflow 'rescale'"
    for (const loss of ['margin', 'kl'] as const)
      expect(refusalOf(() => pgd({ ...quick, loss, underflow: 'rescale' }))).toMatchObject({ expected })
    expect(refusalOf(() => apgd({ epsilon, loss: 'dlr', underflow: 'rescale' }))).toMatchObject({ expected })
  })

  it('is stated by the plan only if it is set', () => {
    expect(fgsm({ epsilon }).config).toEqual({ epsilon, norm: 'Linf' })
    expect(fgsm({ epsilon, underflow: 'rescale' }).config).toEqual({ epsilon, norm: 'Linf', underflow: 'rescale' })
  })
})
