import { describe, expect, it } from 'vitest'
import type { Attack } from '../../../src/attacks/common/attack.js'
import { fab } from '../../../src/attacks/fab/fab.js'
import { fabTargeted } from '../../../src/attacks/fab/fabTargeted.js'
import type { FabSearch } from '../../../src/attacks/fab/fabWalk.js'
import { attacked, guessesOf, PIXELS, problem, smallNetwork } from '../../support/attacked.js'

const EXAMPLES = 24
const CLASSES = 4
const EPSILON = 0.05

/** Of lengths after eight steps in float32, in batches of different sizes. */
const ROUNDING = 1e-5

const makes: Readonly<Record<string, (epsilon: number, search: FabSearch) => Attack>> = {
  fab: (epsilon, search) => fab({ epsilon, search, steps: 8 }),
  'fab-t': (epsilon, search) => fabTargeted({ epsilon, search, steps: 8 }),
}

/** L∞ length of the perturbation of each example, Infinity if the attack did not break it. */
const lengthsOf = (attack: Attack): readonly number[] => {
  const { images, weights } = problem(5, EXAMPLES, CLASSES)
  const classifier = smallNetwork(5, CLASSES)
  const classes = guessesOf(images, classifier)
  const found = attacked(attack, { images, weights, classes }, classifier)
  const guesses = guessesOf(found, classifier)
  return classes.map((label, row) => {
    const pixels = found.subarray(row * PIXELS, (row + 1) * PIXELS)
    const length = pixels.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (images[row * PIXELS + i] ?? 0))),
      0,
    )
    return guesses[row] === label ? Number.POSITIVE_INFINITY : length
  })
}

const finiteRows = (lengths: readonly number[]): readonly number[] =>
  [...lengths.keys()].filter((row) => Number.isFinite(lengths[row]))

describe.each(Object.entries(makes))('%s', (_, make) => {
  it('finds perturbations of the same length for a larger ε: they depend on the network, not on the ball', () => {
    const shortest = lengthsOf(make(EPSILON, 'shortest'))
    const broken = finiteRows(shortest)
    const larger = lengthsOf(make(2 * EPSILON, 'shortest'))
    expect(broken.length).toBeGreaterThan(5)
    for (const row of broken) expect(Math.abs((larger[row] ?? 0) - (shortest[row] ?? 0))).toBeLessThan(ROUNDING)
    expect(larger.filter(Number.isFinite).length).toBeGreaterThan(broken.length)
  })

  it('breaks the same examples within ε, with longer perturbations', () => {
    const shortest = lengthsOf(make(4 * EPSILON, 'shortest'))
    const broken = finiteRows(shortest)
    const within = lengthsOf(make(4 * EPSILON, 'within'))
    expect(finiteRows(within)).toEqual(broken)
    for (const row of broken) expect(within[row]).toBeGreaterThan((shortest[row] ?? 0) - ROUNDING)
    expect(broken.filter((row) => (within[row] ?? 0) > 1.1 * (shortest[row] ?? 0))).not.toEqual([])
  })
})
