import { expect, it } from 'vitest'
import { autoAttack } from '../../src/attacks/autoAttack.js'
import { evaluatePublic } from '../support/evaluatePublic.js'
import { nonEmpty } from '../support/expectEvery.js'
import { describeGolden, readGolden } from '../support/golden.js'
import { longer } from '../support/longer.js'

interface Golden {
  readonly stages: readonly { readonly attack: string; readonly surviving: readonly number[] }[]
}

/** A few of the golden run's examples. All of them take minutes; `npm run parity` runs them. */
const EXAMPLES = longer(20, 200)

/**
 * Examples. Attacks start at random: with other seeds the official code itself differs by up to 0.8 points after
 * the targeted attack on this network (docs/results/attacks.md), which is 2 examples of 200; one more is for rounding.
 */
const AFTER_STAGE = longer(2, 3)

/** How many examples may end differently: 95 % and 98.5 % must end alike. */
const UNLIKE = longer(1, 3)

// The portable engine is too slow for 5,000 queries; other tests check the attacks step by step on both engines.
describeGolden('AutoAttack, standard, against the official code', () => {
  it('mnist_fastat_fgsm: accuracy after each stage, and which examples survive', async () => {
    const { stages } = readGolden<Golden>('autoattack_mnist_fastat_fgsm')
    const { outcomes, accuracies } = await evaluatePublic('mnist_fastat_fgsm', [autoAttack({ epsilon: 0.3 })], {
      examples: EXAMPLES,
    })
    const found = accuracies.details?.autoattack?.stages ?? {}
    expect(Object.keys(found)).toEqual(stages.map(({ attack }) => attack))
    for (const { attack, surviving } of nonEmpty(stages)) {
      const theirs = surviving.filter((index) => index < EXAMPLES).length
      expect(Math.abs(EXAMPLES * Number(found[attack]) - theirs), `after ${attack}`).toBeLessThan(AFTER_STAGE + 0.5)
    }
    const survivors = new Set(stages.at(-1)?.surviving)
    const unlike = outcomes.filter(({ index, brokenBy }) => survivors.has(index) !== (brokenBy === null))
    expect(unlike.map(({ index }) => index).length).toBeLessThanOrEqual(UNLIKE)
    // Most examples survive; attacks that follow a stronger one may break none.
    expect(survivors.size).toBeGreaterThan(0)
    const broke = outcomes.map(({ brokenBy }) => brokenBy)
    expect(broke).toEqual(expect.arrayContaining(['apgd-ce', 'square']))
  })
})
