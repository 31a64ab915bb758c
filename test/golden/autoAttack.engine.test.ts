import { describe, expect, it } from 'vitest'
import { autoAttack } from '../../src/attacks/autoAttack.js'
import { evaluatePublic } from '../support/evaluatePublic.js'
import { describeGolden, readGolden } from '../support/golden.js'

interface Golden {
  readonly stages: readonly { readonly attack: string; readonly surviving: readonly number[] }[]
}

/** A few of the golden run's examples: all of them take minutes, and `npm run parity` has them. */
const EXAMPLES = 200

/**
 * Of 200 examples. Attacks start at random: the official code's own seeds are up to 0.8 points apart after the targeted
 * attack on this network (docs/results/attacks.md), which is 2 examples of 200; one more is for the engine's rounding.
 */
const AFTER_STAGE = 3

/** Final survivors that may differ: 98.5 % of the examples are to end alike. */
const UNLIKE = 3

/** The portable engine has no time for 5,000 queries; the attacks are held step by step on both. */
const isNative = process.env.PWOA_ENGINE === 'tensorflow'

describe.runIf(isNative)('AutoAttack', () => {
  describeGolden('standard, beside the official code', () => {
    it('mnist_fastat_fgsm: accuracy after each stage, and who survives', async () => {
      const { stages } = readGolden<Golden>('autoattack_mnist_fastat_fgsm')
      const { outcomes, accuracies } = await evaluatePublic('mnist_fastat_fgsm', [autoAttack({ epsilon: 0.3 })], {
        examples: EXAMPLES,
      })
      const found = accuracies.details?.autoattack?.stages ?? {}
      expect(Object.keys(found)).toEqual(stages.map(({ attack }) => attack))
      for (const { attack, surviving } of stages) {
        const theirs = surviving.filter((index) => index < EXAMPLES).length
        expect(Math.abs(EXAMPLES * Number(found[attack]) - theirs), `after ${attack}`).toBeLessThan(AFTER_STAGE + 0.5)
      }
      const survivors = new Set(stages.at(-1)?.surviving)
      const unlike = outcomes.filter(({ index, brokenBy }) => survivors.has(index) !== (brokenBy === null))
      expect(unlike.map(({ index }) => index).length).toBeLessThanOrEqual(UNLIKE)
      // Most survive, and each attack but one that follows a stronger one has something to break.
      expect(survivors.size).toBeGreaterThan(0)
      const broke = outcomes.map(({ brokenBy }) => brokenBy)
      expect(broke).toEqual(expect.arrayContaining(['apgd-ce', 'square']))
    })
  })
})
