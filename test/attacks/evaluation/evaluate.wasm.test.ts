import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../../src/attacks/apgd/apgd.js'
import { autoAttack } from '../../../src/attacks/autoAttack.js'
import type { Attack, Classifier } from '../../../src/attacks/common/attack.js'
import { evaluate } from '../../../src/attacks/evaluation/evaluate.js'
import type {
  Evaluation,
  EvaluationProgress,
  StageResult,
  TestBatch,
} from '../../../src/attacks/evaluation/evaluation.js'
import { fgsm } from '../../../src/attacks/fgsm.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { square } from '../../../src/attacks/square/square.js'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { tf } from '../../../src/engine/tf.js'
import { expectEvery } from '../../support/expectEvery.js'

/** One pixel and two classes: class 1 if the pixel is above 0.5. The loss grows with the distance to the correct side. */
const classifier: Classifier = (images) => {
  const pixel = tf.reshape(images, [-1, 1])
  return tf.concat([tf.mul(tf.sub(pixel, 0.5), -4), tf.mul(tf.sub(pixel, 0.5), 4)], 1) as Tensor2D
}

/** Pixels and labels: two that are correct by a large margin, two by a small one, and a misclassified one. */
const examples = [
  [0.9, 1],
  [0.1, 0],
  [0.55, 1],
  [0.45, 0],
  [0.2, 1],
] as const

const batchOf = (indices: Uint32Array): TestBatch => {
  const part = Array.from(indices, (index) => examples[index] ?? [0, 0])
  return {
    images: tf.tensor4d(
      part.map(([pixel]) => pixel),
      [part.length, 1, 1, 1],
    ),
    labels: tf.tensor2d(part.map(([, label]) => (label === 1 ? [0, 1] : [1, 0]))),
  }
}

const noJournal = () => ({ entries: new Map<string, unknown>(), add: (_key: string, _value: unknown) => undefined })

const evaluation = (more: Partial<Evaluation> = {}): Evaluation => ({
  classifier,
  attacks: [],
  indices: Uint32Array.from(examples.keys()),
  batchOf,
  batchSize: 2,
  seed: 0,
  signal: new AbortController().signal,
  resting: () => undefined,
  journal: noJournal(),
  keepImages: 0,
  onProgress: () => undefined,
  onStage: () => undefined,
  onWarning: () => undefined,
  ...more,
})

const attack = (name: string, epsilon: number, perturb: (images: Tensor4D) => Tensor): Attack => ({
  name,
  config: {},
  norm: 'Linf',
  epsilon,
  *perturb({ images }) {
    yield 0.5
    return tf.tidy(() => perturb(images) as Tensor4D)
  },
})

/** Breaks the examples with these pixels by moving them to the other side, and does not change the others. */
const breaking = (name: string, ...pixels: readonly number[]): Attack =>
  attack(name, 1, (images) => {
    const values = images.dataSync<'float32'>()
    return tf.tensor4d(
      Float32Array.from(values, (value) =>
        pixels.some((pixel) => Math.abs(pixel - value) < 1e-6) ? 1 - value : value,
      ),
      images.shape,
    )
  })

const failure = async (more: Partial<Evaluation>) => {
  try {
    await evaluate(evaluation(more))
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('evaluate', () => {
  it.each([1, 2, 5])(
    'counts the examples that are correct without an attack and after it, in batches of %d',
    async (batchSize) => {
      const { accuracies, outcomes } = await evaluate(evaluation({ attacks: [fgsm({ epsilon: 0.1 })], batchSize }))
      expect(accuracies).toMatchObject({ clean: 0.8, attacks: { fgsm: 0.4 }, examples: 5 })
      expect(outcomes.map(({ index, label, brokenBy }) => [index, label, brokenBy])).toEqual([
        [0, 1, null],
        [1, 0, null],
        [2, 1, 'fgsm'],
        [3, 0, 'fgsm'],
        [4, 1, 'clean'],
      ])
      expect(outcomes.map(({ distance }) => distance)).toEqual([
        null,
        null,
        expect.closeTo(0.1, 6),
        expect.closeTo(0.1, 6),
        0,
      ])
      expect(accuracies.details?.fgsm).toMatchObject({ stages: { fgsm: 0.4 }, meanDistance: expect.closeTo(0.1, 6) })
    },
  )

  it('gives each attack the correctly classified examples, and each stage of a sequence the survivors of the earlier ones', async () => {
    const given: string[] = []
    const watched = (inner: Attack): Attack => ({
      ...inner,
      perturb: (input) => {
        given.push(`${inner.name} ${Array.from(input.indices).join()}`)
        return inner.perturb(input)
      },
    })
    const stages = [breaking('one', 0.9), breaking('two', 0.1, 0.9), breaking('three')].map(watched)
    const heard: StageResult[] = []
    const { accuracies, outcomes } = await evaluate(
      evaluation({
        attacks: [{ name: 'sequence', config: {}, stages }, watched(breaking('alone', 0.9, 0.55))],
        onStage: (result) => heard.push(result),
      }),
    )
    // Survivors are packed into batches: two of the three that survive the first stage, then the third.
    expect(given).toEqual(['one 0,1', 'one 2,3', 'two 1,2', 'two 3', 'three 2,3', 'alone 0,1', 'alone 2,3'])
    expect(accuracies.attacks).toEqual({ sequence: 0.4, alone: 0.4 })
    expect(accuracies.details?.sequence?.stages).toEqual({ one: 0.6, two: 0.4, three: 0.4 })
    expect(heard.map(({ stage, attacked, broken }) => [stage, attacked, broken])).toEqual([
      ['one', 4, 1],
      ['two', 3, 1],
      ['three', 2, 0],
      ['alone', 4, 2],
    ])
    expect(outcomes.map(({ brokenBy }) => brokenBy)).toEqual(['one', 'two', 'alone', null, 'clean'])
  })

  it('keeps the first adversarial images and their predicted classes', async () => {
    const { shown } = await evaluate(evaluation({ attacks: [breaking('one', 0.45, 0.55)], keepImages: 1 }))
    expect(shown).toHaveLength(1)
    expect(shown[0]).toMatchObject({ index: 2, label: 1, guess: 0, brokenBy: 'one' })
    expect(shown[0]?.adversarial[0]).toBeCloseTo(0.45, 6)
  })

  it('distinguishes stages of the same name by their sequences, with the threat model of each', async () => {
    const weak = { ...breaking('one', 0.45), epsilon: 0.2 }
    const attacks = [
      { name: 'small', config: {}, stages: [weak, breaking('two')] },
      { name: 'large', config: {}, stages: [breaking('one', 0.55, 0.45)] },
      breaking('two', 0.9),
    ]
    const { outcomes, shown } = await evaluate(evaluation({ attacks, keepImages: 5 }))
    expect(outcomes.map(({ brokenBy }) => brokenBy)).toEqual(['two', null, 'large/one', 'small/one', 'clean'])
    expect(shown.map(({ brokenBy, norm, epsilon }) => [brokenBy, norm, epsilon])).toEqual([
      ['two', 'Linf', 1],
      ['large/one', 'Linf', 1],
      ['small/one', 'Linf', 0.2],
    ])
  })

  it('does not use finished work of one attack for another, whatever their names are', async () => {
    const stages = [breaking('b/c', 0.9)]
    const attacks = [
      { name: 'a', config: {}, stages },
      { name: 'a/b', config: {}, stages: [breaking('c')] },
    ]
    const entries = new Map<string, unknown>()
    const journal = { entries, add: (key: string, value: unknown) => void entries.set(key, value) }
    expect((await evaluate(evaluation({ attacks, journal }))).accuracies.attacks).toEqual({ a: 0.6, 'a/b': 0.8 })
  })

  it('resumes from its journal without repeating finished work, with the same result bit for bit', async () => {
    const attacks = [
      autoAttack({
        epsilon: 0.1,
        version: [apgd({ epsilon: 0.1, steps: 3 }), square({ epsilon: 0.1, queries: 5 })],
      }),
      pgd({ epsilon: 0.1, steps: 2, stepSize: 0.05 }),
    ]
    const written = new Map<string, unknown>()
    const whole = await evaluate(
      evaluation({ attacks, journal: { entries: new Map(), add: (key, value) => void written.set(key, value) } }),
    )
    const keys = [...written.keys()]
    expect(keys.slice(0, 5)).toEqual([
      ...['["clean",0,0]', '["clean",0,1]', '["clean",0,2]'],
      ...['["autoattack","apgd-ce",0,0]', '["autoattack","apgd-ce",0,1]'],
    ])
    const withoutSeconds = (result: typeof whole) =>
      JSON.parse(JSON.stringify(result, (key, value) => (key === 'seconds' ? undefined : value)))
    for (let done = 0; done <= keys.length; done++) {
      const again: string[] = []
      // As it is read from a file.
      const entries = new Map<string, unknown>(
        JSON.parse(JSON.stringify(keys.slice(0, done).map((key) => [key, written.get(key)]))),
      )
      const journal = { entries, add: (key: string) => void again.push(key) }
      expect(withoutSeconds(await evaluate(evaluation({ attacks, journal })))).toEqual(withoutSeconds(whole))
      expect(again).toEqual(keys.slice(done))
    }
  })

  it('repeats the work of a malformed journal entry', async () => {
    const journal = { entries: new Map<string, unknown>([['["clean",0,0]', { wrong: 'all' }]]), add: () => undefined }
    expect((await evaluate(evaluation({ journal }))).accuracies.clean).toBe(0.8)
  })

  it('counts a misclassified example as not robust even if an attack makes it correct', async () => {
    const kind = attack('kind', 1, (images) => tf.onesLike(images))
    // The attack sets all pixels to 1: the misclassified 0.2 becomes correct, and the two examples of class 0 are broken.
    expect((await evaluate(evaluation({ attacks: [kind] }))).accuracies.attacks).toEqual({ kind: 0.4 })
  })

  it('reports its progress', async () => {
    const heard: EvaluationProgress[] = []
    await evaluate(evaluation({ attacks: [breaking('one', 0.9)], onProgress: (progress) => void heard.push(progress) }))
    expect(heard.map(({ attack: name, done, total, robust }) => [name, done, total, robust])).toEqual([
      ['clean', 2, 5, 1],
      ['clean', 4, 5, 1],
      ['clean', 5, 5, 0.8],
      // Half of the first two are done, then both; one of them is broken.
      ['one', 1, 4, 0.8],
      ['one', 2, 4, 0.6],
      ['one', 3, 4, 0.6],
      ['one', 4, 4, 0.6],
    ])
    expect(heard.at(-2)?.secondsLeft).toBeGreaterThan(0)
    expect(heard.at(-1)?.secondsLeft).toBe(0)
  })

  it('frees all tensors, including those of its batches', async () => {
    const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }
    await evaluate(evaluation({ attacks: [fgsm({ epsilon: 0.1 })] }))
    expect({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }).toEqual(before)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('fails if logits are %d', async (value) => {
    const broken: Classifier = (images) => tf.fill([images.shape[0], 2], value) as Tensor2D
    expect(await failure({ classifier: broken })).toMatchObject({
      _tag: 'RunError',
      stage: 'classifier',
      expected: 'finite logits',
    })
  })

  it('fails if one of many logits is NaN', async () => {
    const broken: Classifier = (images) =>
      tf.concat([tf.slice(classifier(images), [1, 0]), tf.tensor2d([[Number.NaN, 0]])], 0) as Tensor2D
    expect(await failure({ classifier: broken, batchSize: 5 })).toMatchObject({
      expected: 'finite logits',
    })
  })

  it('fails if an attack leaves its ball, and names the attack', async () => {
    const rogue = attack('rogue', 0.1, (images) => tf.clipByValue(tf.add(images, 0.11), 0, 1))
    expect(await failure({ attacks: [rogue] })).toMatchObject({
      _tag: 'RunError',
      stage: 'rogue',
      expected: 'perturbations of at most 0.1',
      actual: expect.stringMatching(/^0\.1[01]/),
    })
  })

  it('accepts a step of exactly ε in float32', async () => {
    const exact = attack('exact', 0.3, (images) => tf.clipByValue(tf.add(images, 0.3), 0, 1))
    await expect(evaluate(evaluation({ attacks: [exact] }))).resolves.toMatchObject({ accuracies: { examples: 5 } })
  })

  it('fails if an attack leaves [0, 1] or returns NaN', async () => {
    const bright = attack('bright', 0.5, (images) => tf.add(images, 0.3))
    expect(await failure({ attacks: [bright] })).toMatchObject({ stage: 'bright', expected: 'images in [0, 1]' })
    const nothing = attack('nothing', 0.5, (images) => tf.fill(images.shape, Number.NaN) as Tensor4D)
    expect(await failure({ attacks: [nothing] })).toMatchObject({ _tag: 'RunError', stage: 'nothing' })
    const half = attack('half', 0.5, (images) =>
      tf.concat([tf.slice(images, 0, images.shape[0] - 1), tf.fill([1, 1, 1, 1], Number.NaN) as Tensor4D], 0),
    )
    expect(await failure({ attacks: [half] })).toMatchObject({ _tag: 'RunError', stage: 'half' })
  })

  it('stops between batches with the reason of its signal', async () => {
    const controller = new AbortController()
    const heard: number[] = []
    const stopped = evaluate(
      evaluation({
        signal: controller.signal,
        onProgress: ({ done }) => {
          heard.push(done)
          controller.abort('enough')
        },
      }),
    )
    await expect(stopped).rejects.toBe('enough')
    expect(heard).toEqual([2])
  })

  it('gives the event loop a turn between batches', async () => {
    let turns = 0
    let next: NodeJS.Immediate
    const count = (): void => {
      turns += 1
      next = setImmediate(count)
    }
    next = setImmediate(count)
    const seen: number[] = []
    await evaluate(evaluation({ batchSize: 1, onProgress: () => void seen.push(turns) }))
    clearImmediate(next)
    expect(seen).toHaveLength(5)
    expectEvery(seen.slice(1), (at, i) => at > (seen[i] ?? at))
  })
})

/** Class 1 if the mean of the pixels, rounded to 8 grey levels, is above 0.5: the gradient is 0 almost everywhere. */
const quantised: Classifier = (images) => {
  const levels = tf.div(tf.round(tf.mul(images, 8)), 8)
  const mean = tf.mean(tf.reshape(levels, [images.shape[0], -1]), 1, true)
  return tf.concat([tf.mul(tf.sub(mean, 0.5), -4), tf.mul(tf.sub(mean, 0.5), 4)], 1) as Tensor2D
}

/** Images of 6 × 6 pixels a little above 0.5. A random start raises as many pixels as it lowers. */
const greyBatchOf = (indices: Uint32Array): TestBatch => ({
  images: tf.concat(Array.from(indices, (index) => tf.fill([1, 6, 6, 1], 0.6 + 0.005 * index) as Tensor4D)),
  labels: tf.tensor2d(Array.from(indices, () => [0, 1])),
})

describe('evaluate warns', () => {
  const warnings = async (more: Partial<Evaluation>): Promise<readonly string[]> => {
    const heard: string[] = []
    await evaluate(
      evaluation({ attacks: [breaking('one')], ...more, onWarning: (message) => void heard.push(message) }),
    )
    return heard
  }

  it('not about a network without problems', async () => {
    expect(await warnings({})).toEqual([])
  })

  it('about outputs that differ between passes, unless the attack averages gradients', async () => {
    let passes = 0
    const random: Classifier = (images) => {
      passes += 1
      return tf.add(classifier(images), tf.tensor2d([[0.01 * passes, 0]])) as Tensor2D
    }
    expect(await warnings({ classifier: random })).toEqual([expect.stringContaining('outputs are random')])
    const averaging = [apgd({ epsilon: 0.01, steps: 1, samples: 2 })]
    expect(await warnings({ classifier: random, attacks: averaging })).toEqual([])
    const mixed = [...averaging, pgd({ epsilon: 0.01, steps: 1, stepSize: 0.01 })]
    expect(await warnings({ classifier: random, attacks: mixed }), 'one of two attacks averages').toEqual([])
  })

  it('about a softmax in the network', async () => {
    const softmax: Classifier = (images) => tf.softmax(classifier(images))
    expect(await warnings({ classifier: softmax })).toEqual([expect.stringContaining('outputs are probabilities')])
  })

  it('about gradients that are zero, and Square breaks what they hide', async () => {
    const stages = [apgd({ epsilon: 0.2, steps: 10 }), square({ epsilon: 0.2, queries: 300 })]
    const heard: string[] = []
    const { accuracies } = await evaluate(
      evaluation({
        classifier: quantised,
        attacks: [autoAttack({ epsilon: 0.2, version: stages })],
        indices: Uint32Array.of(0, 1, 2, 3),
        batchOf: greyBatchOf,
        onWarning: (message) => void heard.push(message),
      }),
    )
    expect(accuracies.clean).toBe(1)
    expect(accuracies.details?.autoattack?.stages).toEqual({ 'apgd-ce': 1, square: 0 })
    expect(heard[0]).toContain('autoattack/apgd-ce: its loss has no gradient on 100.0 % of the examples')
    expect(heard[0]).toContain('(4 of 4): zero or not finite. Only the other attacks of autoattack can move them')
    expect(accuracies.details?.autoattack?.withoutGradient).toEqual({ 'apgd-ce': 1 })
    expect(heard[1]).toMatch(/^autoattack: Square lowered the accuracy by 100.0 points/)
  })

  it('if Square lowers the accuracy after gradient attacks', async () => {
    const stages = [breaking('apgd-ce'), breaking('square', 0.9)]
    expect(await warnings({ attacks: [{ name: 'aa', config: {}, stages }] })).toEqual([
      expect.stringContaining('aa: Square lowered the accuracy by 20.0 points'),
    ])
    const early = [breaking('square', 0.9), breaking('apgd-ce')]
    expect(await warnings({ attacks: [{ name: 'aa', config: {}, stages: early }] })).toEqual([])
  })

  it('if PGD and AutoAttack are far apart, with the share of examples without a cross-entropy gradient if there are some', async () => {
    const weak: Attack = { ...breaking('pgd'), config: { steps: 40 } }
    const attacks = [{ name: 'aa', config: {}, stages: [breaking('strong', 0.9, 0.1)] }, weak]
    expect(await warnings({ attacks })).toEqual(['robust accuracy is 80.0 % under pgd and 40.0 % under aa: quote aa'])
    // 100 times the logits: the margins of 0.9 and 0.1 are 320, those of 0.45 and 0.55 are 40.
    const certain: Classifier = (images) => tf.mul(classifier(images), 100)
    expect((await warnings({ attacks, classifier: certain }))[0]).toContain('On 100.0 % of the examples')
    const other: Attack = { ...weak, epsilon: 0.5 }
    expect(await warnings({ attacks: [attacks[0] ?? weak, other] })).toEqual([])
  })

  it('about attacks that use fewer target classes than they have', async () => {
    const heard = await warnings({ attacks: [autoAttack({ epsilon: 0.001 })] })
    expect(heard).toContain('apgd-t: target classes: 1 instead of 9, because the data has only 2 classes')
    expect(heard).toContainEqual(expect.stringMatching(/^fab-t: target classes: 1 instead of 9/))
  }, 60_000)
})

describe('evaluate refuses', () => {
  it('images outside [0, 1], before any work', async () => {
    const bright = (indices: Uint32Array): TestBatch => {
      const batch = batchOf(indices)
      const images = tf.mul(batch.images, 255) as Tensor4D
      batch.images.dispose()
      return { ...batch, images }
    }
    const refused = await failure({ attacks: [fgsm({ epsilon: 0.1 })], batchOf: bright })
    expect(refused).toMatchObject({ stage: 'attackEval', expected: 'images in [0, 1]' })
    expect(refused.actual).toMatch(/^values from 25\.5\d* to 229\.5\d*$/)
  })

  it('labels that are not a class of the network', async () => {
    const three: Classifier = (images) =>
      tf.pad(classifier(images), [
        [0, 0],
        [0, 1],
      ]) as Tensor2D
    expect(await failure({ classifier: three })).toMatchObject({
      expected: 'a logit for each of the 2 classes of the data',
      actual: '3',
    })
    const none = (indices: Uint32Array): TestBatch => {
      const batch = batchOf(indices)
      batch.labels.dispose()
      return { ...batch, labels: tf.zeros([indices.length, 2]) }
    }
    expect(await failure({ batchOf: none })).toMatchObject({ actual: 'a label out of range' })
  })
})
