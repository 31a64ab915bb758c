import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { constantSearch } from '../../../src/attacks/cw/cwConstants.js'
import { type CwL2Options, cwL2 } from '../../../src/attacks/cw/cwL2.js'
import { variablesOf } from '../../../src/attacks/cw/cwVariables.js'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { tf } from '../../../src/engine/tf.js'
import {
  attacked,
  curvedClassifier,
  guessesOf,
  inputOf,
  linearClassifier,
  PIXELS,
  problem,
  someOf,
} from '../../support/attacked.js'
import { expectEvery, isPixel, nonEmpty } from '../../support/expectEvery.js'
import { distance, norm, seededNumbers } from '../../support/numbers.js'

/** Of images in [0, 1], because a forward pass rounds differently for a different batch size. */
const ROUNDING = 1e-5

const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 8, seed: 7 })

const quick: CwL2Options = { steps: 20, learningRate: 0.1, searchSteps: 3 }

const lengthsOf = (found: Float32Array, images: Float32Array): readonly number[] => {
  const delta = found.map((value, i) => value - Number(images[i]))
  return Array.from({ length: images.length / PIXELS }, (_, i) => norm(delta.slice(i * PIXELS, (i + 1) * PIXELS)))
}

describe('cwL2', () => {
  it('stays in [0, 1], and every image that it changed is misclassified', () => {
    check(
      fc.property(seeds, (seed) => {
        const given = problem(seed, 6)
        const classifier = curvedClassifier(given.weights)
        const [clean, found] = [guessesOf(given.images, classifier), attacked(cwL2(quick), given, classifier)]
        expectEvery(found, isPixel)
        const after = guessesOf(found, classifier)
        for (const [row, length] of nonEmpty(lengthsOf(found, given.images).entries())) {
          expect(length > 0, 'moved').toBe(after[row] !== given.classes[row] && clean[row] === given.classes[row])
          if (length === 0) expect(after[row]).toBe(clean[row])
        }
      }),
    )
  })

  it('never finds longer perturbations or breaks less in more steps of its search', () => {
    let shorter = 0
    check(
      fc.property(seeds, (seed) => {
        const given = problem(seed, 6)
        const classifier = curvedClassifier(given.weights)
        const runs = [1, 2, 5].map((searchSteps) =>
          lengthsOf(attacked(cwL2({ ...quick, searchSteps, initialConstant: 0.05 }), given, classifier), given.images),
        )
        for (const [i, lengths] of runs.slice(1).entries())
          for (const [row, before] of nonEmpty((runs[i] ?? []).entries())) {
            const length = Number(lengths[row])
            if (before > 0) {
              expect(length).toBeGreaterThan(0)
              expect(length).toBeLessThanOrEqual(before)
            }
            if (before !== length) shorter++
          }
      }),
    )
    expect(shorter).toBeGreaterThan(0)
  })

  it('approaches the nearest point of a linear boundary, |margin| / ‖w‖₂', () => {
    for (const seed of [1, 2, 3]) {
      const weights = seededNumbers(seed, PIXELS * 2)
      const normal = Float64Array.from(
        { length: PIXELS },
        (_, p) => Number(weights[2 * p]) - Number(weights[2 * p + 1]),
      )
      const images = seededNumbers(seed + 9, 4 * PIXELS).map((value) => 0.5 + 0.2 * value)
      const margins = Array.from({ length: 4 }, (_, i) =>
        normal.reduce((sum, w, p) => sum + w * Number(images[i * PIXELS + p]), 0),
      )
      const given = { images, weights, classes: margins.map((margin) => (margin > 0 ? 0 : 1)) }
      const attack = cwL2({ steps: 200, learningRate: 0.02, searchSteps: 6 })
      const found = lengthsOf(attacked(attack, given, linearClassifier(weights)), images)
      for (const [i, margin] of margins.entries()) {
        const nearest = Math.abs(margin) / norm(normal)
        const steepest = normal.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / norm(normal)
        expect(nearest * steepest, 'the nearest point is in the box').toBeLessThan(0.3)
        // Float32 places the boundary to within 1e-6; the last steps of Adam oscillate by about 0.1 %.
        expect(Number(found[i])).toBeGreaterThan(nearest - 1e-5)
        expect(Number(found[i])).toBeLessThan(1.02 * nearest + 1e-3)
      }
    }
  })

  it('goes beyond the boundary by its confidence', () => {
    const given = problem(5, 6, 2)
    const classifier = linearClassifier(given.weights)
    const margins = (found: Float32Array): readonly number[] =>
      given.classes.map((label, i) => {
        const pixels = found.slice(i * PIXELS, (i + 1) * PIXELS)
        return pixels.reduce(
          (sum, x, p) => sum + x * (Number(given.weights[2 * p + 1 - label]) - Number(given.weights[2 * p + label])),
          0,
        )
      })
    const clean = margins(given.images)
    const attack = cwL2({ steps: 60, learningRate: 0.1, searchSteps: 4, confidence: 0.5 })
    const found = margins(attacked(attack, given, classifier))
    const moved = found.filter((margin, i) => margin !== clean[i])
    expect(moved.length).toBeGreaterThan(0)
    for (const margin of moved) expect(margin).toBeGreaterThan(0.5 - ROUNDING)
  })

  it('weighs the squared length against c: on a linear classifier, one c breaks margins up to c·‖w‖₂² / 2', () => {
    const weights = seededNumbers(4, PIXELS * 2)
    const normal = Float64Array.from({ length: PIXELS }, (_, p) => Number(weights[2 * p]) - Number(weights[2 * p + 1]))
    const constant = 0.1 / norm(normal)
    const margins = [0.7, 1.4].map((share) => (share * constant * norm(normal) ** 2) / 2)
    const half = normal.reduce((sum, w) => sum + w / 2, 0)
    const images = Float32Array.from(
      margins.flatMap((margin) => Array.from(normal, (w) => 0.5 + ((margin - half) * w) / norm(normal) ** 2)),
    )
    const attack = cwL2({ steps: 300, initialConstant: constant })
    const found = attacked(attack, { images, weights, classes: [0, 0] }, linearClassifier(weights))
    expect(lengthsOf(found, images).map((length) => length > 0)).toEqual([true, false])
  })

  it('black and white pixels stay finite, hardly move in few steps and move in many', () => {
    const pixels = [0, 1, 0.5, 1 / 255]
    const moved = (steps: number): readonly number[] =>
      tf.tidy(() => {
        const variables = variablesOf(tf.tensor4d(pixels, [1, 2, 2, 1]), 0.01)
        for (let i = 0; i < steps; i++) variables.descend(tf.tensor4d([-1, 1, -1, -1], [1, 2, 2, 1]))
        return Array.from(variables.images().dataSync(), (value, i) => value - Number(pixels[i]))
      })
    expect(distance(moved(0), [0, 0, 0, 0])).toBeLessThan(ROUNDING)
    const [black, white, grey, dark] = moved(50).map(Math.abs)
    expect(Math.max(Number(black), Number(white))).toBeLessThan(ROUNDING)
    expect(Number(grey)).toBeGreaterThan(0.1)
    expect(Number(dark)).toBeGreaterThan(0.005)
    expect(Math.min(...moved(2000).map(Math.abs))).toBeGreaterThan(0.4)
  })

  it('gives the same result for an example alone as in a batch', () => {
    check(
      fc.property(seeds, (seed) => {
        const given = problem(seed, 5)
        const classifier = curvedClassifier(given.weights)
        const together = attacked(cwL2(quick), given, classifier)
        for (const i of [0, 3]) {
          const alone = attacked(cwL2(quick), someOf(given, [i]), classifier, { first: i })
          expect(distance(alone, together.slice(i * PIXELS, (i + 1) * PIXELS))).toBeLessThan(ROUNDING)
        }
      }),
    )
  })

  it('frees its tensors wherever it is stopped', () => {
    const given = problem(1, 4)
    const weights = tf.tensor2d(given.weights, [PIXELS, 3])
    const input = inputOf(given, (images) => tf.matMul(tf.reshape(images, [-1, PIXELS]), weights))
    const before = tf.memory().numTensors
    for (const yields of [0, 1, 4, 7]) {
      const running = cwL2({ steps: 3, searchSteps: 3 }).perturb(input)
      for (let i = 0; i < yields; i++) expect(running.next().done).toBe(false)
      running.return(undefined as never)
      expect(tf.memory().numTensors, `after ${yields}`).toBe(before)
    }
    tf.dispose([input.images, input.labels, weights])
  })

  it('raises c tenfold until it breaks the example, then bisects', () => {
    const search = constantSearch(3, 1)
    // The first breaks from 30 on, the second always, the third never.
    const tried = Array.from({ length: 5 }, () => {
      const constants = Array.from(search.constants)
      search.update((row) => Number(search.constants[row]) >= (row === 0 ? 30 : 0) && row < 2)
      return constants
    })
    expect(tried.map(([first]) => first)).toEqual([1, 10, 100, 55, 32.5])
    expect(tried.map(([, second]) => second)).toEqual([1, 0.5, 0.25, 0.125, 0.0625])
    expect(tried.map(([, , third]) => third)).toEqual([1, 10, 100, 1000, 10000])
    for (let i = 0; i < 60; i++) search.update(() => false)
    expectEvery(search.constants, Number.isFinite)
  })

  it.each([
    [{ confidence: -1 }, 'cwL2: expected confidence >= 0, got -1'],
    [{ confidence: Number.NaN }, 'cwL2: expected confidence >= 0, got NaN'],
    [{ learningRate: 0 }, 'cwL2: expected learningRate > 0, got 0'],
    [{ steps: 0 }, 'cwL2: expected steps to be a whole number >= 1, got 0'],
    [{ searchSteps: 0.5 }, 'cwL2: expected searchSteps to be a whole number >= 1, got 0.5'],
    [{ initialConstant: 1e30 }, 'cwL2: expected initialConstant in (0, 10000000000], got 1e+30'],
    [{ initialConstant: -1 }, 'cwL2: expected initialConstant in (0, 10000000000], got -1'],
  ])('refuses %j', (options, message) => {
    expect(() => cwL2(options)).toThrow(PwoaFailure)
    expect(() => cwL2(options)).toThrow(message)
  })
})
