/** FGSM and PGD beyond one run in L∞: L2, other losses, restarts, stopping early, and wrong input. */

import type { Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Attack, AttackInput, Classifier } from '../../src/attacks/common/attack.js'
import { divergenceFrom } from '../../src/attacks/common/losses.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { type PgdOptions, pgd } from '../../src/attacks/pgd.js'
import { runAttack } from '../../src/attacks/run.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import {
  attacked,
  CLASSES,
  curvedClassifier,
  guessesOf,
  inputOf,
  linearClassifier,
  PIXELS,
  type Problem,
  problem,
} from '../support/attacked.js'
import { expectEvery, isPixel, nonEmpty } from '../support/expectEvery.js'
import { distance, norm, seededNumbers } from '../support/numbers.js'

/** Rounding in float32: half a step below 1 in a pixel, and the sum over 25 pixels in L2. */
const ROUNDING = 1e-6
const L2_ROUNDING = 5e-6

const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 25, seed: 7 })

const rowsOf = (values: ArrayLike<number>): readonly (readonly number[])[] =>
  Array.from({ length: values.length / PIXELS }, (_, i) =>
    Array.from({ length: PIXELS }, (__, p) => Number(values[i * PIXELS + p])),
  )

const clip = (value: number): number => Math.min(1, Math.max(0, value))

/** w_to − w_from, pixel by pixel. */
const between = (weights: Float32Array, to: number, from: number): readonly number[] => {
  const classes = weights.length / PIXELS
  return Array.from(
    { length: PIXELS },
    (_, p) => Number(weights[p * classes + to]) - Number(weights[p * classes + from]),
  )
}

describe('in L2', () => {
  it('FGSM and PGD stay within ε and [0, 1] on any classifier', () => {
    const options = fc.record({
      epsilon: fc.double({ min: 0.01, max: 4, noNaN: true }),
      steps: fc.integer({ min: 1, max: 6 }),
      stepSize: fc.double({ min: 0.001, max: 2, noNaN: true }),
      start: fc.constantFrom('uniform' as const, 'nearby' as const),
      loss: fc.constantFrom('ce' as const, 'margin' as const, 'kl' as const),
    })
    check(
      fc.property(seeds, options, fc.boolean(), (seed, chosen, isLinear) => {
        const given = problem(seed, 3)
        const classifier = (isLinear ? linearClassifier : curvedClassifier)(given.weights)
        for (const attack of [fgsm({ epsilon: chosen.epsilon, norm: 'L2' }), pgd({ ...chosen, norm: 'L2' })]) {
          const found = attacked(attack, given, classifier, { seed })
          expectEvery(found, isPixel)
          for (const delta of nonEmpty(rowsOf(found.map((value, i) => value - Number(given.images[i])))))
            expect(norm(delta)).toBeLessThanOrEqual(chosen.epsilon + L2_ROUNDING)
        }
      }),
    )
  })

  /** Two classes: ∂CE/∂x = p·(w_other − w_label) has the same direction everywhere. */
  const twoClasses = (seed: number): Problem => problem(seed, 2, 2)

  it('FGSM is clip(x + ε·g/‖g‖₂) on a linear classifier', () => {
    check(
      fc.property(seeds, fc.double({ min: 0.01, max: 4, noNaN: true }), (seed, epsilon) => {
        const given = twoClasses(seed)
        const found = attacked(fgsm({ epsilon, norm: 'L2' }), given, linearClassifier(given.weights))
        const expected = rowsOf(given.images).flatMap((x, i) => {
          const label = Number(given.classes[i])
          const direction = between(given.weights, 1 - label, label)
          return x.map((value, p) => clip(value + (epsilon * Number(direction[p])) / norm(direction)))
        })
        expect(distance(found, expected)).toBeLessThan(L2_ROUNDING)
      }),
    )
  })

  it.each(['uniform', 'image'] as const)(
    'PGD ends at the point of the ball that is nearest to the other class, start %s',
    (start) => {
      check(
        fc.property(seeds, (seed) => {
          // Far enough from black and white that only the ball limits the attack.
          const given = {
            ...twoClasses(seed),
            images: seededNumbers(seed, 2 * PIXELS).map((value) => 0.5 + 0.1 * value),
          }
          const attack = pgd({ epsilon: 0.3, steps: 40, stepSize: 0.3, norm: 'L2', start })
          const found = attacked(attack, given, linearClassifier(given.weights), { seed })
          const expected = rowsOf(given.images).flatMap((x, i) => {
            const label = Number(given.classes[i])
            const direction = between(given.weights, 1 - label, label)
            return x.map((value, p) => value + (0.3 * Number(direction[p])) / norm(direction))
          })
          // Each projected step of length ε at least halves the angle to the direction: 2⁻⁴⁰ is below the precision of float32.
          expect(distance(found, expected)).toBeLessThan(1e-5)
        }),
      )
    },
  )
})

describe('the margin loss', () => {
  it('goes from the label towards the likeliest other class', () => {
    check(
      fc.property(seeds, (seed) => {
        const given = problem(seed, 3)
        const attack = pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1, start: 'image', loss: 'margin' })
        const found = attacked(attack, given, linearClassifier(given.weights))
        const expected = rowsOf(given.images).flatMap((x, i) => {
          const label = Number(given.classes[i])
          const logits = Array.from({ length: CLASSES }, (_, c) =>
            x.reduce((sum, value, p) => sum + value * Number(given.weights[p * CLASSES + c]), 0),
          )
          const other = logits.indexOf(Math.max(...logits.filter((_, c) => c !== label)))
          const direction = between(given.weights, other, label)
          return x.map((value, p) => clip(value + 0.1 * Math.sign(Number(direction[p]))))
        })
        expect(distance(found, expected)).toBeLessThan(ROUNDING)
      }),
    )
  })

  it('has a gradient where that of the cross entropy is 0 in float32', () => {
    const given = { images: new Float32Array(PIXELS).fill(0.5), weights: new Float32Array(PIXELS * 3), classes: [0] }
    const classifier: Classifier = (x) => {
      const evidence = tf.sum(tf.reshape(x, [-1, PIXELS]), 1, true)
      const nothing = tf.zerosLike(evidence)
      return tf.concat([tf.mul(evidence, 400 / PIXELS), nothing, nothing], 1) as Tensor2D
    }
    const moved = (loss: 'ce' | 'margin'): number => {
      const attack = pgd({ epsilon: 0.1, steps: 3, stepSize: 0.1, start: 'image', loss })
      return distance(attacked(attack, given, classifier), given.images)
    }
    expect(moved('ce')).toBe(0)
    expect(moved('margin')).toBeCloseTo(0.1, 6)
  })
})

describe('restarts', () => {
  const options: PgdOptions = { epsilon: 0.12, steps: 2, stepSize: 0.06 }
  const brokenRows = (found: Float32Array, { classes }: Problem, classifier: Classifier): ReadonlySet<number> =>
    new Set(guessesOf(found, classifier).flatMap((guess, row) => (guess === classes[row] ? [] : [row])))

  it.each(['Linf', 'L2'] as const)('%s: keep the images that an earlier run broke, and break more', (kind) => {
    const gained = { rows: 0 }
    check(
      fc.property(seeds, (seed) => {
        const random = problem(seed, 8)
        const classifier = curvedClassifier(random.weights)
        const given = { ...random, classes: guessesOf(random.images, classifier) }
        const runs = [1, 2, 5].map((restarts) =>
          attacked(pgd({ ...options, norm: kind, restarts }), given, classifier, { seed }),
        )
        for (const [i, more] of runs.slice(1).entries()) {
          const fewer = runs[i] ?? more
          const broken = brokenRows(fewer, given, classifier)
          const now = brokenRows(more, given, classifier)
          for (const row of broken) {
            expect(now).toContain(row)
            expect(rowsOf(more)[row], 'the first break stays').toEqual(rowsOf(fewer)[row])
          }
          gained.rows += now.size - broken.size
        }
      }),
    )
    expect(gained.rows).toBeGreaterThan(0)
  })

  it('start at different points', () => {
    const given = problem(3, 2)
    const classifier = linearClassifier(given.weights)
    // Nothing is broken in so small a ball, so the images of the last run are returned.
    const whole = { ...given, classes: guessesOf(given.images, classifier) }
    const tiny = { epsilon: 1e-3, steps: 1, stepSize: 1e-9 }
    const [one, two] = [1, 2].map((restarts) => attacked(pgd({ ...tiny, restarts }), whole, classifier))
    expect(distance(two ?? [], one ?? [])).toBeGreaterThan(5e-4)
  })
})

describe('stopped early', () => {
  it.each([
    ['fgsm', fgsm({ epsilon: 0.3 })],
    ['fgsm in L2', fgsm({ epsilon: 0.3, norm: 'L2' })],
    ['pgd', pgd({ epsilon: 0.3, steps: 3, stepSize: 0.1, restarts: 3 })],
    ['pgd in L2', pgd({ epsilon: 0.3, steps: 3, stepSize: 0.1, restarts: 3, norm: 'L2', loss: 'margin' })],
    ['pgd from the image', pgd({ epsilon: 0.3, steps: 3, stepSize: 0.1, start: 'image' })],
  ])('%s frees its tensors, and reports its progress', (_, attack) => {
    const given = problem(1, 4)
    const weights = tf.tensor2d(given.weights, [PIXELS, CLASSES])
    const input = inputOf(given, (images) => tf.matMul(tf.reshape(images, [-1, PIXELS]), weights))
    const before = tf.memory().numTensors
    const shares = sharesOf(attack, input)
    expectEvery(shares, (share, i) => share > (shares[i - 1] ?? 0) && share <= 1)
    expect(tf.memory().numTensors, 'at its end').toBe(before)
    for (let yields = 0; yields <= shares.length; yields++) {
      const running = attack.perturb(input)
      for (let i = 0; i < yields; i++) running.next()
      running.return(undefined as never)
      expect(tf.memory().numTensors, `after ${yields} of ${shares.length}`).toBe(before)
    }
    tf.dispose([input.images, input.labels, weights])
  })
})

const sharesOf = (attack: Attack, input: AttackInput): readonly number[] => {
  const running = attack.perturb(input)
  const shares: number[] = []
  for (;;) {
    const { done, value } = running.next()
    if (done) {
      value.dispose()
      return shares
    }
    shares.push(value)
  }
}

describe('attacks refuse', () => {
  const never: Classifier = () => {
    throw new Error('the classifier was called')
  }
  const given = problem(2, 3)
  const refused = (change: (input: AttackInput) => Partial<AttackInput>): string => {
    const whole = inputOf(given, never)
    const input = { ...whole, ...change(whole) }
    try {
      for (const attack of [fgsm({ epsilon: 0.3 }), pgd({ epsilon: 0.3, steps: 1, stepSize: 0.1, name: 'fgsm' })]) {
        const run = () => runAttack(attack, input)
        expect(run).toThrow(PwoaFailure)
      }
      runAttack(fgsm({ epsilon: 0.3 }), input)
      return 'nothing'
    } catch (error) {
      if (error instanceof PwoaFailure) return error.message
      throw error
    } finally {
      tf.dispose([whole.images, whole.labels, input.images, input.labels])
    }
  }

  it('images outside [0, 1], with their range', () => {
    expect(refused(({ images }) => ({ images: tf.fill(images.shape, 255) }))).toMatch(
      /fgsm: expected images in \[0, 1\], got values from 255 to 255/,
    )
    expect(refused(({ images }) => ({ images: tf.fill(images.shape, -0.5) }))).toMatch(/got values from -0.5 to -0.5/)
    expect(refused(({ images }) => ({ images: tf.fill(images.shape, Number.NaN) }))).toMatch(/images in \[0, 1\]/)
  })

  it.each([
    ['a row of zeros', [1, 0, 0, 0, 0, 0, 0, 1, 0]],
    ['two classes', [1, 0, 0, 0, 1, 1, 0, 1, 0]],
    ['shares', [1, 0, 0, 0.5, 0.5, 0, 0, 1, 0]],
    ['a sign', [1, 0, 0, -1, 0, 0, 0, 1, 0]],
    ['signs that add up to 1', [1, 0, 0, 1, 1, -1, 0, 1, 0]],
    ['another size', [1, 0, 0, 2, 0, 0, 0, 1, 0]],
  ])('labels that are not one-hot: %s', (_, rows) => {
    expect(refused(() => ({ labels: tf.tensor2d(rows, [3, 3]) }))).toMatch(/fgsm: expected one-hot labels/)
  })

  it('different numbers of images, labels and indices', () => {
    expect(refused(() => ({ labels: tf.tensor2d([1, 0, 0, 1, 0, 0], [2, 3]) }))).toMatch(
      /expected as many labels and indices as images, got 3, 2 and 3/,
    )
    expect(refused(() => ({ indices: Uint32Array.of(0, 1, 2, 3) }))).toMatch(/got 3, 3 and 4/)
  })
})

it('L2 accepts an ε above 1', () => {
  expect(fgsm({ epsilon: 2, norm: 'L2' }).epsilon).toBe(2)
  expect(pgd({ epsilon: 2, steps: 1, stepSize: 1, norm: 'L2' }).norm).toBe('L2')
})

const base: PgdOptions = { epsilon: 0.3, steps: 1, stepSize: 0.1 }
it.each([
  [() => fgsm({ epsilon: 0.3, norm: 'L1' as 'L2' }), 'fgsm: expected norm among Linf, L2, got "L1"; did you mean L2?'],
  [() => fgsm({ epsilon: 0, norm: 'L2' }), 'fgsm: expected epsilon > 0, got 0'],
  [() => pgd({ ...base, norm: 'toString' as 'L2' }), 'pgd: expected norm among Linf, L2, got "toString"'],
  [() => pgd({ ...base, epsilon: Infinity, norm: 'L2' }), 'pgd: expected epsilon > 0, got Infinity'],
  [() => pgd({ ...base, epsilon: 1e30, norm: 'L2' }), 'pgd: expected epsilon in (0, 1000000], got 1e+30'],
  [() => pgd({ ...base, loss: 'dlr' as 'ce' }), 'pgd: expected loss among ce, margin, kl, got "dlr"'],
  [() => pgd({ ...base, start: 'zero' as 'image' }), 'pgd: expected start among uniform, image, nearby, got "zero"'],
  [
    () => pgd({ ...base, loss: 'kl', start: 'image' }),
    `pgd: expected start 'uniform' or 'nearby' for loss 'kl', got "image"`,
  ],
  [() => pgd({ ...base, restarts: 0 }), 'pgd: expected restarts to be a whole number >= 1, got 0'],
  [() => pgd({ ...base, start: 'image', restarts: 2 }), "pgd: expected 1 restart for start 'image', got 2"],
])('a wrong option is refused when the attack is created, case %#', (make, message) => {
  expect(make).toThrow(PwoaFailure)
  expect(make).toThrow(message)
})

describe('the inner attack of TRADES', () => {
  const options: PgdOptions = { epsilon: 0.1, steps: 5, stepSize: 0.05, loss: 'kl', start: 'nearby' }
  const divergences = (given: Problem, classifier: Classifier, found: Float32Array): readonly number[] =>
    tf.tidy(() => {
      const logits = (images: Float32Array): Float32Array =>
        classifier(tf.tensor4d(images, [given.classes.length, 5, 5, 1])).dataSync<'float32'>()
      const losses = divergenceFrom(logits(given.images))
      return [...losses(tf.tensor2d(logits(found), [given.classes.length, CLASSES])).dataSync()]
    })

  it('moves the output away from the natural output, whatever the labels are', () => {
    check(
      fc.property(seeds, (seed) => {
        const given = problem(seed, 3)
        const classifier = curvedClassifier(given.weights)
        const found = attacked(pgd(options), given, classifier, { seed })
        const relabelled = { ...given, classes: given.classes.map((label) => (label + 1) % CLASSES) }
        expect(attacked(pgd(options), relabelled, classifier, { seed })).toEqual(found)
        const start = attacked(pgd({ ...options, stepSize: 1e-9 }), given, classifier, { seed })
        const [moved, initial] = [divergences(given, classifier, found), divergences(given, classifier, start)]
        for (const [i, divergence] of nonEmpty(moved.entries()))
          expect(divergence).toBeGreaterThan(initial[i] ?? Infinity)
      }),
    )
  })

  it('starts with normal noise of 0.001 around the image, each example with its own stream', () => {
    const given = { ...problem(3, 40), images: new Float32Array(40 * PIXELS).fill(0.5) }
    const still = pgd({ ...options, loss: 'ce', steps: 1, stepSize: 1e-9 })
    const start = attacked(still, given, curvedClassifier(given.weights), { seed: 3 })
    const noise = start.map((value) => value - 0.5)
    // With 1000 draws, the standard deviation is within a tenth of the true one.
    expect(norm(noise) / Math.sqrt(noise.length) / 1e-3).toBeCloseTo(1, 0.9)
    expect(Math.max(...noise)).toBeLessThan(6e-3)
    expect(new Set(noise).size).toBeGreaterThan(500)
  })
})
