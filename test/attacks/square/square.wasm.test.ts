import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Classifier } from '../../../src/attacks/common/attack.js'
import type { NormName } from '../../../src/attacks/common/norms.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { runAttack } from '../../../src/attacks/run.js'
import { type SquareOptions, square } from '../../../src/attacks/square/square.js'
import { l2Moves } from '../../../src/attacks/square/squareL2.js'
import { linfMoves } from '../../../src/attacks/square/squareLinf.js'
import { shareAt } from '../../../src/attacks/square/squareMoves.js'
import { type ImageShape, imageSize } from '../../../src/dsl/dataset.js'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { tf } from '../../../src/engine/tf.js'
import { stream } from '../../../src/math/random.js'
import { expectEvery, isPixel } from '../../support/expectEvery.js'
import { norm as lengthOf, seededNumbers } from '../../support/numbers.js'

/** Float32 rounding of image ± ε: half a step below 1. */
const ROUNDING = 1e-6

interface Problem extends ImageShape {
  readonly images: Float32Array
  /** True classes. */
  readonly classes: readonly number[]
  /** Number of classes. */
  readonly among: number
  readonly indices: Uint32Array
}

/** Logits of one image. */
type RowClassifier = (image: Float32Array) => readonly number[]

const square5: ImageShape = { height: 5, width: 5, channels: 1 }

/** @param spread pixels are in 0.5 ± spread, clipped to [0, 1] */
const problem = (
  seed: number,
  examples: number,
  { shape = square5, spread = 0.75 }: { readonly shape?: ImageShape; readonly spread?: number } = {},
): Problem => ({
  ...shape,
  images: seededNumbers(seed, examples * imageSize(shape)).map((value) =>
    Math.min(1, Math.max(0, 0.5 + spread * value)),
  ),
  classes: Array.from({ length: examples }, (_, i) => (seed + i) % 3),
  among: 3,
  indices: Uint32Array.from({ length: examples }, (_, i) => i),
})

/** Some of the examples, in this order. */
const someOf = (given: Problem, rows: readonly number[]): Problem => ({
  ...given,
  images: Float32Array.from(rows.flatMap((row) => Array.from(imageOf(given.images, given, row)))),
  classes: rows.map((row) => given.classes[row] ?? 0),
  indices: Uint32Array.from(rows, (row) => given.indices[row] ?? 0),
})

const imageOf = (images: Float32Array, shape: ImageShape, row: number): Float32Array =>
  images.subarray(row * imageSize(shape), (row + 1) * imageSize(shape))

/** Classifies row by row in float64, so the logits of an image cannot depend on the other images of the batch. */
const byRow =
  (classify: RowClassifier): Classifier =>
  (images) => {
    const values = images.dataSync<'float32'>()
    const size = values.length / images.shape[0]
    const rows = Array.from({ length: images.shape[0] }, (_, i) => [
      ...classify(values.slice(i * size, (i + 1) * size)),
    ])
    return tf.tensor2d(rows)
  }

/** logits = W·quantise(x) */
const linear = (weights: Float32Array, among: number, quantise = (value: number): number => value): RowClassifier => {
  return (image) =>
    Array.from({ length: among }, (_, c) =>
      image.reduce((sum, v, i) => sum + quantise(v) * Number(weights[i * among + c]), 0),
    )
}

/** Labels the examples with their predicted classes: all are correct without an attack. */
const asClassified = (given: Problem, classify: RowClassifier): Problem => ({
  ...given,
  classes: given.classes.map((_, row) => guessOf(classify, imageOf(given.images, given, row))),
})

const guessOf = (classify: RowClassifier, image: Float32Array): number => {
  const logits = Float32Array.from(classify(image))
  return logits.indexOf(Math.max(...logits))
}

const withTensors = <T>(
  { images, classes, among, height, width, channels }: Problem,
  use: (images: Tensor4D, labels: Tensor2D) => T,
): T => {
  const tensors: [Tensor4D, Tensor2D] = [
    tf.tensor4d(images, [classes.length, height, width, channels]),
    tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([...classes], 'int32'), among), 'float32') as Tensor2D),
  ]
  try {
    return use(...tensors)
  } finally {
    tf.dispose(tensors)
  }
}

const attacked = (attack: ReturnType<typeof square>, given: Problem, classify: RowClassifier, seed = 0): Float32Array =>
  withTensors(given, (images, labels) => {
    const found = runAttack(attack, { classifier: byRow(classify), images, labels, indices: given.indices, seed })
    const values = found.dataSync<'float32'>().slice()
    found.dispose()
    return values
  })

/** Rows of the result that are misclassified. */
const brokenRows = (found: Float32Array, given: Problem, classify: RowClassifier): readonly number[] =>
  given.classes.flatMap((label, row) => (guessOf(classify, imageOf(found, given, row)) === label ? [] : [row]))

const lengths: Readonly<Record<NormName, (a: Float32Array, b: Float32Array) => number>> = {
  Linf: (a, b) => a.reduce((longest, value, i) => Math.max(longest, Math.abs(value - Number(b[i]))), 0),
  L2: (a, b) => lengthOf(a.map((value, i) => value - Number(b[i]))),
}

const normNames = ['Linf', 'L2'] as const

const seeds = fc.nat(1e6)
const shapes = fc.record({
  height: fc.integer({ min: 1, max: 8 }),
  width: fc.integer({ min: 1, max: 8 }),
  channels: fc.integer({ min: 1, max: 3 }),
})
const threats = fc.record({
  norm: fc.constantFrom(...normNames),
  epsilon: fc.double({ min: 0.01, max: 1, noNaN: true }),
  initialShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
})
const check = <T>(property: fc.IPropertyWithHooks<T>, numRuns = 25): void => fc.assert(property, { numRuns, seed: 7 })

/** Every image that an attack on one example queries, if each query lowers the margin, or if no query does. */
const queried = (
  options: SquareOptions,
  given: Problem,
  falls: 'falling' | 'constant',
  seed: number,
): readonly Float32Array[] => {
  const seen: Float32Array[] = []
  const classify: RowClassifier = (image) => {
    seen.push(image)
    return [1e4 - (falls === 'falling' ? seen.length : 0), 0, 0]
  }
  attacked(square(options), { ...given, classes: [0] }, classify, seed)
  // The first one is the image itself: is it classified correctly?
  return seen.slice(1)
}

describe('every image that Square queries', () => {
  it('is within ε and [0, 1], for any shape', () => {
    check(
      fc.property(seeds, shapes, threats, (seed, shape, threat) => {
        const given = problem(seed, 1, { shape })
        const seen = queried({ ...threat, queries: 60 }, given, 'falling', seed)
        expect(seen).toHaveLength(61)
        for (const image of seen) {
          expect(lengths[threat.norm](image, given.images)).toBeLessThanOrEqual(
            threat.epsilon * (1 + ROUNDING) + ROUNDING,
          )
          expectEvery(image, isPixel)
        }
      }),
    )
  })

  it('is on the sphere of radius ε if [0, 1] does not limit it, even after thousands of moves', () => {
    for (const norm of normNames) {
      const given = problem(1, 1, { shape: { height: 9, width: 9, channels: 2 }, spread: 0.1 })
      const seen = queried({ epsilon: 0.2, norm, queries: 3000 }, given, 'falling', 0)
      const gap = seen.reduce((most, image) => Math.max(most, Math.abs(lengths[norm](image, given.images) - 0.2)), 0)
      expect(gap, norm).toBeLessThan(ROUNDING)
    }
  })

  it.each(normNames)('%s: differs from the best so far in at most as many pixels as the schedule allows', (norm) => {
    const shape = { height: 12, width: 9, channels: 2 }
    const given = problem(2, 1, { shape, spread: 0.1 })
    const windows = { Linf: 1, L2: 2 }
    for (const falls of ['falling', 'constant'] as const) {
      const seen = queried({ epsilon: 0.1, norm, queries: 600 }, given, falls, 3)
      const { side } = { Linf: linfMoves, L2: l2Moves }[norm](shape, 0.1)
      const sides = seen.slice(1).map((image, query) => {
        // If no query lowers the margin, the best image remains the start.
        const best = (falls === 'falling' ? seen[query] : seen[0]) ?? image
        const changed = Array.from({ length: 12 * 9 }, (_, i) => i).filter((i) =>
          [0, 1].some((c) => Math.abs(Number(image[2 * i + c]) - Number(best[2 * i + c])) > ROUNDING),
        )
        const edge = side(shareAt(0.8, query) * 12 * 9)
        expect(changed.length, `query ${query}`).toBeLessThanOrEqual(windows[norm] * edge * edge)
        if (norm === 'Linf') {
          const rows = changed.map((i) => Math.floor(i / 9))
          expect(Math.max(...rows) - Math.min(...rows), `query ${query}`).toBeLessThan(edge)
        }
        return changed.length
      })
      expect(Math.max(...sides), falls).toBeGreaterThan(30)
    }
  })

  it('has different windows for each example', () => {
    const image = problem(1, 1).images
    const pair: Problem = { ...problem(1, 2), images: Float32Array.from([...image, ...image]), classes: [0, 0] }
    const seen: Float32Array[] = []
    attacked(square({ epsilon: 0.1, queries: 40 }), pair, (x) => {
      seen.push(x)
      return [1, 0, 0]
    })
    const same = seen.filter((x, i) => i > 1 && i % 2 === 0 && lengths.Linf(x, seen[i + 1] ?? x) === 0)
    expect(seen).toHaveLength(2 * 42)
    expect(same).toHaveLength(0)
  })
})

describe('moves', () => {
  /**
   * Sums of the image after 60 accepted moves, Σ x and Σ i·x_i / n, computed in float64 by the official code with our
   * random numbers. Float32 changes each of 200 values by 1e-7 here.
   */
  it.each([
    ['Linf', linfMoves({ height: 12, width: 9, channels: 2 }, 0.3), 12 * 9, [104.712726, 48.441505]],
    ['L2', l2Moves({ height: 10, width: 10, channels: 2 }, 1.5), 10 * 10, [102.728248, 49.788262]],
  ] as const)('%s: equal those of the official code', (_, { side, start, move }, pixels, sums) => {
    const image = seededNumbers(3, 2 * pixels).map((value) => (value + 1) / 2)
    const random = stream(0, 'square')
    const out = new Float32Array(image.length)
    start(out, image, random)
    for (let i = 0; i < 60; i++) move(out, image, side(shareAt(0.8, i) * pixels), random)
    const found = [out.reduce((a, b) => a + b), out.reduce((sum, value, i) => sum + (i * value) / out.length, 0)]
    for (const [i, sum] of sums.entries()) expect(Math.abs(Number(found[i]) - sum)).toBeLessThan(3e-5)
  })

  it.each(normNames)('%s: draw the same number of random words for any image and square', (norm) => {
    const shape = { height: 7, width: 9, channels: 3 }
    const { move } = { Linf: linfMoves, L2: l2Moves }[norm](shape, 0.3)
    const drawn = (side: number, seed: number): number => {
      let words = 0
      const inner = stream(seed)
      const counted = (draw: () => number) => () => {
        words++
        return draw()
      }
      const random = { ...inner, uint32: counted(() => inner.uint32()), uniform: counted(() => inner.uniform()) }
      const { images } = problem(seed, 1, { shape })
      move(images.slice(), images, side, { ...random, normal: () => Number.NaN, int: () => Number.NaN })
      return words
    }
    expect(new Set([1, 3, 5, 7].flatMap((side) => [drawn(side, 0), drawn(side, 1)])).size).toBe(1)
  })
})

describe('Square', () => {
  const options = fc.record({
    norm: fc.constantFrom(...normNames),
    epsilon: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
  })

  it('keeps the images that earlier queries broke', () => {
    check(
      fc.property(seeds, options, (seed, threat) => {
        const classify = linear(seededNumbers(seed + 1, 75), 3)
        const given = asClassified(problem(seed, 6), classify)
        const [few, many] = [10, 40].map((queries) => attacked(square({ ...threat, queries }), given, classify, seed))
        if (!few || !many) throw new Error('two runs')
        const broken = brokenRows(few, given, classify)
        expect(brokenRows(many, given, classify)).toEqual(expect.arrayContaining([...broken]))
        for (const row of broken) expect(imageOf(many, given, row)).toEqual(imageOf(few, given, row))
      }),
    )
  })

  it('gives the same result for an example alone, in a batch, and in another order', () => {
    check(
      fc.property(seeds, options, (seed, threat) => {
        const classify = linear(seededNumbers(seed + 1, 75), 3)
        const given = problem(seed, 5)
        const attack = square({ ...threat, queries: 25, restarts: 2 })
        const together = attacked(attack, given, classify, seed)
        const order = [3, 0, 4, 2, 1]
        const shuffled = attacked(attack, someOf(given, order), classify, seed)
        for (const [place, row] of order.entries()) {
          const expected = imageOf(together, given, row)
          expect(imageOf(shuffled, given, place)).toEqual(expected)
          expect(attacked(attack, someOf(given, [row]), classify, seed)).toEqual(expected)
        }
      }),
      10,
    )
  })

  it('gives the same result for the same input and seed; the random numbers depend on seed and name', () => {
    const classify = linear(seededNumbers(5, 75), 3)
    const given = asClassified(problem(4, 8, { spread: 0.3 }), classify)
    const run = (seed: number, more: Partial<SquareOptions> = {}): Float32Array =>
      attacked(square({ epsilon: 0.4, queries: 100, ...more }), given, classify, seed)
    const base = run(0)
    expect(brokenRows(base, given, classify).length).toBeGreaterThan(4)
    expect(run(0)).toEqual(base)
    expect(run(1)).not.toEqual(base)
    expect(run(0, { name: 'again' })).not.toEqual(base)
  })

  it('breaks at least as much with restarts, and more if the first run can fail', () => {
    const classify = linear(seededNumbers(8, 75), 3)
    const given = asClassified(problem(6, 40, { spread: 0.3 }), classify)
    const broken = (restarts: number): readonly number[] =>
      brokenRows(attacked(square({ epsilon: 0.12, queries: 1, restarts }), given, classify), given, classify)
    const [once, often] = [broken(1), broken(8)]
    expect(often).toEqual(expect.arrayContaining([...once]))
    expect(often.length).toBeGreaterThan(once.length)
  })
})

describe('on classifiers with a known result', () => {
  it('a constant one: breaks no example that is correct without an attack', () => {
    const given = { ...problem(0, 6), classes: [0, 0, 1, 1, 2, 2] }
    for (const norm of normNames) {
      // All logits are equal: class 0 is predicted, and no margin is below 0.
      const found = attacked(square({ epsilon: 0.5, norm, queries: 30 }), given, () => [0.5, 0.5, 0.5])
      expect(found).toEqual(given.images)
    }
  })

  it('a linear one: breaks exactly the examples that the corner of the ball breaks', () => {
    for (const seed of [1, 2, 3]) {
      // Windows never reach the last row and column; single pixels come after iteration 500.
      const weights = seededNumbers(seed, 50).map((value, i) => (i % 10 >= 8 || i >= 40 ? 0 : value))
      const classify = linear(weights, 2)
      const given = asClassified({ ...problem(seed + 9, 20, { spread: 0.2 }), among: 2 }, classify)
      const margins = given.classes.map((label, row) => {
        const [first = 0, second = 0] = classify(imageOf(given.images, given, row))
        return label === 0 ? first - second : second - first
      })
      const reach = Array.from({ length: 25 }, (_, i) => Math.abs(Number(weights[2 * i]) - Number(weights[2 * i + 1])))
      // An ε between those that the tenth and the eleventh example need; no image ± ε leaves [0, 1].
      const needed = margins.map((margin) => margin / reach.reduce((a, b) => a + b))
      const [below = 0, above = 0] = needed.toSorted((a, b) => a - b).slice(9, 11)
      const epsilon = (below + above) / 2
      const found = attacked(square({ epsilon, queries: 1500 }), given, classify)
      const expected = needed.flatMap((least, row) => (least < epsilon ? [row] : []))
      expect(expected).toHaveLength(10)
      expect(brokenRows(found, given, classify)).toEqual(expected)
    }
  })

  it('a step function without gradients: breaks examples that survive PGD', () => {
    const weights = seededNumbers(21, 75)
    const classify = linear(weights, 3, (value) => Math.round(4 * value) / 4)
    const given = asClassified(problem(22, 20, { spread: 0.3 }), classify)
    const stepped: Classifier = (images) =>
      tf.matMul(tf.reshape(tf.round(tf.mul(images, 4)), [-1, 25]), tf.tensor2d(weights, [25, 3])) as Tensor2D
    const byPgd = withTensors(given, (images, labels) => {
      const attack = pgd({ epsilon: 0.5, steps: 10, stepSize: 0.1, start: 'image' })
      const found = runAttack(attack, { classifier: stepped, images, labels, indices: given.indices, seed: 0 })
      const values = found.dataSync<'float32'>().slice()
      found.dispose()
      return values
    })
    expect(brokenRows(byPgd, given, classify)).toEqual([])
    for (const [norm, epsilon] of [
      ['Linf', 0.5],
      ['L2', 2],
    ] as const) {
      const found = attacked(square({ epsilon, norm, queries: 300 }), given, classify)
      // A few have no other class within the ball.
      expect(brokenRows(found, given, classify).length, norm).toBeGreaterThan(15)
    }
  })
})

describe('memory and options', () => {
  it('the caller owns the result, and all other tensors are freed, also if the attack is stopped early', () => {
    const weights = tf.tensor2d(seededNumbers(3, 75), [25, 3])
    const classifier: Classifier = (images) => tf.matMul(tf.reshape(images, [-1, 25]), weights) as Tensor2D
    withTensors(problem(3, 6), (images, labels) => {
      const input = { classifier, images, labels, indices: Uint32Array.of(0, 1, 2, 3, 4, 5), seed: 0 }
      for (const norm of normNames) {
        const attack = square({ epsilon: 0.1, norm, queries: 12, restarts: 2 })
        const before = tf.memory().numTensors
        const result = runAttack(attack, input)
        expect(tf.memory().numTensors).toBe(before + 1)
        result.dispose()
        const halfway = attack.perturb(input)
        expect(halfway.next().done).toBe(false)
        expect(halfway.next().done).toBe(false)
        halfway.return(undefined as never)
        expect(tf.memory().numTensors).toBe(before)
      }
      expect(images.isDisposed || labels.isDisposed, 'does not free its input').toBe(false)
    })
    weights.dispose()
  })

  it('reports its progress, rising to 1', () => {
    withTensors({ ...problem(3, 2), classes: [0, 0] }, (images, labels) => {
      const classifier = byRow(() => [1, 0, 0])
      const run = square({ epsilon: 0.1, queries: 30, restarts: 2 }).perturb({
        classifier,
        images,
        labels,
        indices: Uint32Array.of(0, 1),
        seed: 0,
      })
      const shares: number[] = []
      for (let step = run.next(); ; step = run.next()) {
        if (step.done) {
          step.value.dispose()
          break
        }
        shares.push(step.value)
      }
      expect(shares.length).toBeGreaterThan(3)
      expect(shares).toEqual(shares.toSorted((a, b) => a - b))
      expect(Number(shares[0])).toBeGreaterThan(0)
      expect(shares.at(-1)).toBe(1)
    })
  })

  it.each([
    [{ epsilon: 0 }, 'square: expected epsilon > 0, got 0'],
    [{ epsilon: 8 }, 'square: expected epsilon in (0, 1], got 8; did you mean 8/255?'],
    [{ epsilon: 0, norm: 'L2' }, 'square: expected epsilon > 0, got 0'],
    [{ epsilon: 0.3, norm: 'L1' as 'L2' }, 'square: expected norm among Linf, L2, got "L1"; did you mean L2?'],
    [{ epsilon: 0.3, queries: 0 }, 'square: expected queries to be a whole number >= 1, got 0'],
    [{ epsilon: 0.3, queries: 2.5 }, 'square: expected queries to be a whole number >= 1, got 2.5'],
    [{ epsilon: 0.3, restarts: 0 }, 'square: expected restarts to be a whole number >= 1, got 0'],
    [{ epsilon: 0.3, initialShare: 0 }, 'square: expected initialShare in (0, 1], got 0'],
    [{ epsilon: 0.3, initialShare: 1.5 }, 'square: expected initialShare in (0, 1], got 1.5'],
    [{ epsilon: 0.3, initialShare: Number.NaN }, 'square: expected initialShare in (0, 1], got NaN'],
  ] as const)('a wrong option is refused when the attack is created, case %#', (options, message) => {
    expect(() => square(options)).toThrow(PwoaFailure)
    expect(() => square(options)).toThrow(message)
  })
})
