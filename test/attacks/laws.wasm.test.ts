/** Properties that hold for every attack. Add a row to the table for a new attack. */

import type { Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../src/attacks/apgd/apgd.js'
import { apgdTargeted } from '../../src/attacks/apgd/apgdTargeted.js'
import type { Attack, Classifier } from '../../src/attacks/common/attack.js'
import { attemptsOnAll, attemptsOnUnbroken } from '../../src/attacks/common/attempts.js'
import { type NormName, norms } from '../../src/attacks/common/norms.js'
import { cwL2 } from '../../src/attacks/cw/cwL2.js'
import { fab } from '../../src/attacks/fab/fab.js'
import { fabTargeted } from '../../src/attacks/fab/fabTargeted.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import { runAttack } from '../../src/attacks/run.js'
import { square } from '../../src/attacks/square/square.js'
import { tf } from '../../src/engine/tf.js'
import {
  attacked,
  guessesOf,
  inputOf,
  PIXELS,
  type Problem,
  problem,
  SIDE,
  smallNetwork,
  someOf,
} from '../support/attacked.js'
import { expectEvery, isPixel, nonEmpty } from '../support/expectEvery.js'
import { distance, norm, seededNumbers } from '../support/numbers.js'

interface Row {
  /** @param effort 1, or more for the stronger of two settings */
  readonly make: (epsilon: number, effort: number) => Attack
  /** The attack has no stronger setting. */
  readonly single?: true
  /**
   * On a linear classifier, the attack breaks an example if the shortest perturbation is at most this share of ε.
   * @default 0.93
   */
  readonly reach?: number
}

const both = (name: string, row: (kind: NormName) => Row): Readonly<Record<string, Row>> =>
  Object.fromEntries((['Linf', 'L2'] as const).map((kind) => [`${name} ${kind}`, row(kind)]))

const table: Readonly<Record<string, Row>> = {
  ...both('fgsm', (kind) => ({ make: (epsilon) => fgsm({ epsilon, norm: kind }), single: true })),
  ...both('pgd', (kind) => ({
    make: (epsilon, restarts) => pgd({ epsilon, steps: 8, stepSize: epsilon / 2, norm: kind, restarts }),
  })),
  'pgd on the margin': {
    make: (epsilon, restarts) => pgd({ epsilon, steps: 8, stepSize: epsilon / 2, loss: 'margin', restarts }),
  },
  ...both('apgd-ce', (kind) => ({ make: (epsilon, restarts) => apgd({ epsilon, norm: kind, steps: 12, restarts }) })),
  ...both('apgd-dlr', (kind) => ({
    make: (epsilon, restarts) => apgd({ epsilon, norm: kind, loss: 'dlr', steps: 12, restarts }),
  })),
  ...both('apgd-t', (kind) => ({
    make: (epsilon, targets) => apgdTargeted({ epsilon, norm: kind, steps: 12, targets }),
  })),
  ...both('fab', (kind) => ({ make: (epsilon, restarts) => fab({ epsilon, norm: kind, steps: 8, restarts }) })),
  ...both('fab-t', (kind) => ({
    make: (epsilon, targets) => fabTargeted({ epsilon, norm: kind, steps: 8, targets }),
  })),
  ...both('square', (kind) => ({
    make: (epsilon, restarts) => square({ epsilon, norm: kind, queries: 100, restarts }),
    // It makes few queries, and as in AutoAttack no window covers the last row and column, a large part of 5 × 5 pixels.
    reach: 0.35,
  })),
  'cw-l2': { make: (_, searchSteps) => cwL2({ steps: 12, learningRate: 0.1, searchSteps }) },
}

/** FGSM and PGD change misclassified examples, too, because training needs a higher loss on them. */
const keepsMisclassified = (name: string): boolean => !/^(fgsm|pgd)/.test(name)

const names = Object.keys(table)
const rowOf = (name: string): Row => table[name] ?? raise(`no ${name}`)
const raise = (message: string): never => {
  throw new Error(message)
}

/** Rounding of lengths in float32: half a step below 1 in a pixel, and the sum in L2. */
const ROUNDING = 1e-5

const CLASSES = 4
const EXAMPLES = 8

/** Random images, labelled with the predicted class, and one of four with a different class. */
const setting = (seed: number): { readonly given: Problem; readonly classifier: Classifier } => {
  const classifier = smallNetwork(seed, CLASSES)
  const given = problem(seed, EXAMPLES, CLASSES)
  const classes = guessesOf(given.images, classifier).map((guess, row) => (guess + (row % 4 === 3 ? 1 : 0)) % CLASSES)
  return { given: { ...given, classes }, classifier }
}

const rows = (images: Float32Array): readonly Float32Array[] =>
  Array.from({ length: images.length / PIXELS }, (_, i) => images.slice(i * PIXELS, (i + 1) * PIXELS))

const lengthsOf = (kind: NormName, found: Float32Array, images: Float32Array): readonly number[] =>
  tf.tidy(() => {
    const delta = found.map((value, i) => value - Number(images[i]))
    return Array.from(norms[kind].lengths(tf.tensor4d(delta, [found.length / PIXELS, SIDE, SIDE, 1])).dataSync())
  })

const brokenRows = (found: Float32Array, { classes }: Problem, classifier: Classifier): readonly number[] =>
  guessesOf(found, classifier).flatMap((guess, row) => (guess === classes[row] ? [] : [row]))

const seeds = fc.nat(1e6)
const epsilons = fc.double({ min: 0.02, max: 0.4, noNaN: true })
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 3, seed: 11 })

describe.each(names)('%s', (name) => {
  const { make, single, reach = 0.93 } = rowOf(name)

  it('stays within ε and [0, 1], and does not change examples that are misclassified without an attack', () => {
    check(
      fc.property(seeds, epsilons, (seed, epsilon) => {
        const { given, classifier } = setting(seed)
        const attack = make(epsilon, 2)
        const found = attacked(attack, given, classifier, { seed })
        expectEvery(found, isPixel)
        for (const length of nonEmpty(lengthsOf(attack.norm, found, given.images)))
          expect(length).toBeLessThanOrEqual(attack.epsilon + ROUNDING)
        if (!keepsMisclassified(name)) return
        for (const row of brokenRows(given.images, given, classifier))
          expect(rows(found)[row], 'misclassified without an attack').toEqual(rows(given.images)[row])
      }),
    )
  })

  if (!single)
    it('breaks at least as many examples in a stronger setting', () => {
      check(
        fc.property(seeds, epsilons, (seed, epsilon) => {
          const { given, classifier } = setting(seed)
          const broken = (effort: number) =>
            brokenRows(attacked(make(epsilon, effort), given, classifier, { seed }), given, classifier)
          const stronger = broken(3)
          for (const row of broken(1))
            if (given.classes[row] === guessesOf(given.images, classifier)[row]) expect(stronger).toContain(row)
        }),
      )
    })

  it('gives the same result for the same seed: alone, in any order and in any batch', () => {
    check(
      fc.property(seeds, epsilons, (seed, epsilon) => {
        const { given, classifier } = setting(seed)
        const attack = make(epsilon, 2)
        const together = attacked(attack, given, classifier, { seed })
        expect(attacked(attack, given, classifier, { seed })).toEqual(together)
        const broken = brokenRows(together, given, classifier)
        for (const shard of [[3], [6, 1, 4, 7, 0]]) {
          const part = someOf(given, shard)
          const found = attacked(attack, part, classifier, { seed, indices: shard })
          expect(brokenRows(found, part, classifier).map((row) => shard[row])).toEqual(
            shard.filter((row) => broken.includes(row)),
          )
          for (const [i, row] of shard.entries())
            expect(distance(rows(found)[i] ?? [], rows(together)[row] ?? []), `example ${row}`).toBeLessThan(ROUNDING)
        }
      }),
    )
  })

  it('breaks nothing if the classifier ignores the image', () => {
    const given = { ...problem(5, 4, CLASSES), classes: [2, 2, 1, 2] }
    const classifier: Classifier = (images) => {
      const nothing = tf.mul(tf.sum(tf.reshape(images, [-1, PIXELS]), 1, true), 0)
      return tf.add(nothing, tf.tensor2d([[0.1, -1, 0.5, 0.2]])) as Tensor2D
    }
    const found = attacked(make(0.3, 2), given, classifier)
    expectEvery(found, isPixel)
    expect(brokenRows(found, given, classifier)).toEqual([2])
  })

  it('breaks a linear classifier of two classes exactly if ε is large enough', () => {
    for (const seed of [1, 2, 3]) {
      const attack = make(0.1, 2)
      const { given, classifier, shares, needed } = linear(seed, attack.norm, reach)
      const found = attacked(attack, given, classifier, { seed })
      const broken = brokenRows(found, given, classifier)
      expect(broken).toEqual(attack.epsilon === Infinity ? [0, 1, 2, 3] : [0, 1])
      expect(shares.filter((share) => share < 1)).toHaveLength(2)
      // No perturbation is shorter than the closed form.
      for (const row of broken)
        expect(lengthsOf(attack.norm, found, given.images)[row]).toBeGreaterThan(Number(needed[row]) - ROUNDING)
    }
  })

  it('frees its tensors at its end and wherever it is stopped', () => {
    const { given, classifier } = setting(17)
    const input = inputOf(given, classifier)
    const attack = make(0.05, 2)
    const before = tf.memory().numTensors
    const shares: number[] = []
    const whole = attack.perturb(input)
    for (let next = whole.next(); ; next = whole.next()) {
      if (!next.done) shares.push(next.value)
      else {
        expect(tf.memory().numTensors, 'only its result remains').toBe(before + 1)
        next.value.dispose()
        break
      }
    }
    expectEvery(shares, (share, i) => share >= (shares[i - 1] ?? 0) && share > 0 && share <= 1)
    const count = shares.length
    for (const stop of new Set([0, 1, Math.ceil(count / 4), Math.ceil(count / 2), count - 1, count])) {
      const running = attack.perturb(input)
      for (let i = 0; i < stop; i++) running.next()
      running.return(undefined as never)
      expect(tf.memory().numTensors, `after ${stop} of ${count}`).toBe(before)
    }
    const again = runAttack(attack, input)
    expect(input.images.isDisposed || input.labels.isDisposed, 'does not free its input').toBe(false)
    tf.dispose([again, input.images, input.labels])
  })
})

/** Dual norms: the largest change of w·x by a perturbation of length 1. */
const dual: Readonly<Record<NormName, (w: Float64Array) => number>> = {
  Linf: (w) => w.reduce((sum, value) => sum + Math.abs(value), 0),
  L2: (w) => norm(w),
}

/**
 * Logits ±½w·(x − ½), and four images of class 0. Breaking them takes these shares of ε = 0.1: half of what the attack
 * must reach, all of it, a little more than ε, and much more. No ball reaches the edges of the box.
 */
const linear = (seed: number, kind: NormName, reach: number) => {
  const w = Float64Array.from(seededNumbers(seed, PIXELS))
  const shares = [reach / 2, reach, 1.05, 1.5]
  const needed = shares.map((share) => 0.1 * share)
  const images = needed.flatMap((length, i) => {
    const noise = Float64Array.from(seededNumbers(seed + 10 + i, PIXELS), (value) => 0.05 * value)
    const along = noise.reduce((sum, value, p) => sum + value * Number(w[p]), 0)
    const margin = length * dual[kind](w)
    return Array.from(noise, (value, p) => 0.5 + value + ((margin - along) * Number(w[p])) / norm(w) ** 2)
  })
  if (images.some((value) => value < 0.1 || value > 0.9)) raise('an image at the edge of the box')
  const columns = Float32Array.from(Array.from(w).flatMap((value) => [value / 2, -value / 2]))
  const classifier: Classifier = (x) =>
    tf.matMul(tf.sub(tf.reshape(x, [-1, PIXELS]), 0.5), tf.tensor2d(columns, [PIXELS, 2])) as Tensor2D
  const given: Problem = { images: Float32Array.from(images), weights: columns, classes: [0, 0, 0, 0] }
  return { given, classifier, shares, needed }
}

it('attemptsOnUnbroken keeps the first of several images that break an example', () => {
  const { given, classifier } = setting(17)
  const found = tf.tidy(() => {
    const running = attemptsOnUnbroken(inputOf(given, classifier), 2, function* ({ onBroken, number }) {
      for (const value of [0.25, 0.75]) onBroken(0, new Float32Array(PIXELS).fill(value + number / 10))
      yield 1
    })
    for (let next = running.next(); ; next = running.next()) if (next.done) return next.value.dataSync<'float32'>()
  })
  // Row 3 is misclassified without an attack. The first row of the second attempt is row 1.
  const expected = rows(given.images).map((image, row) => image.map((value) => [0.25, 0.35][row] ?? value))
  expect(distance(found, Float32Array.from(expected.flatMap((image) => [...image])))).toBeLessThan(ROUNDING)
})

it('attemptsOnAll keeps the shortest perturbation of all attempts', () => {
  const { given, classifier } = setting(17)
  const found = tf.tidy(() => {
    const running = attemptsOnAll(inputOf(given, classifier), 3, function* ({ onBroken, number }) {
      onBroken(0, new Float32Array(PIXELS).fill([0.25, 0.5, 0.75][number] ?? 0), [0.3, 0.1, 0.2][number])
      yield 1
    })
    for (let next = running.next(); ; next = running.next()) if (next.done) return next.value.dataSync<'float32'>()
  })
  expect(rows(found)[0]).toEqual(new Float32Array(PIXELS).fill(0.5))
})

it('the problems of these tests have misclassified, broken and surviving examples', () => {
  const attack = pgd({ epsilon: 0.1, steps: 8, stepSize: 0.05 })
  const outcomes = Array.from({ length: 8 }, (_, seed) => {
    const { given, classifier } = setting(seed)
    const clean = brokenRows(given.images, given, classifier).length
    return { clean, broken: brokenRows(attacked(attack, given, classifier), given, classifier).length - clean }
  })
  expect(outcomes.map(({ clean }) => clean)).toEqual(Array(8).fill(2))
  const broken = outcomes.reduce((sum, outcome) => sum + outcome.broken, 0)
  expect(broken).toBeGreaterThan(10)
  expect(broken).toBeLessThan(38)
})
