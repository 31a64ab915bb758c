import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../../src/attacks/apgd/apgd.js'
import { autoAttack } from '../../../src/attacks/autoAttack.js'
import type { Attack, AttackSequence } from '../../../src/attacks/common/attack.js'
import { cwL2 } from '../../../src/attacks/cw/cwL2.js'
import { batchesOf, blockSize } from '../../../src/attacks/evaluation/batches.js'
import { evaluate } from '../../../src/attacks/evaluation/evaluate.js'
import type { TestBatch } from '../../../src/attacks/evaluation/evaluation.js'
import { checkShard, indicesOf } from '../../../src/attacks/evaluation/shard.js'
import { fabTargeted } from '../../../src/attacks/fab/fabTargeted.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { square } from '../../../src/attacks/square/square.js'
import { attackEval } from '../../../src/operators/attackEval.js'
import { CLASSES, inputOf, problem, smallNetwork, someOf } from '../../support/attacked.js'
import { expectEvery } from '../../support/expectEvery.js'

const EXAMPLES = 50
const BATCH = 3
const SHARDS = 4

const given = problem(3, EXAMPLES)
const classifier = smallNetwork(5, CLASSES)
const epsilon = 0.02

const attacks: readonly (Attack | AttackSequence)[] = [
  autoAttack({
    epsilon,
    version: [
      pgd({ epsilon, steps: 1, stepSize: 0.005, name: 'one-step' }),
      square({ epsilon, queries: 20 }),
      apgd({ epsilon, steps: 3 }),
      fabTargeted({ epsilon, steps: 3, search: 'within' }),
    ],
  }),
  pgd({ epsilon, steps: 3, stepSize: 0.02, restarts: 2 }),
  cwL2({ steps: 20, learningRate: 0.05, searchSteps: 2 }),
]

const batchOf = (indices: Uint32Array): TestBatch => {
  const { images, labels } = inputOf(someOf(given, [...indices]), classifier)
  return { images, labels }
}

/** The result of an evaluation of some examples, its new journal entries, and the batches that each attack got. */
const evaluated = async (indices: Uint32Array, entries: ReadonlyMap<string, unknown> = new Map()) => {
  const batches: string[] = []
  const watched = (attack: Attack): Attack => ({
    ...attack,
    perturb: (input) => {
      batches.push(`${attack.name} ${input.indices.join()}`)
      return attack.perturb(input)
    },
  })
  const written = new Map<string, unknown>()
  const result = await evaluate({
    classifier,
    attacks: attacks.map((attack) =>
      'stages' in attack ? { ...attack, stages: attack.stages.map(watched) } : watched(attack),
    ),
    indices,
    batchOf,
    batchSize: BATCH,
    seed: 7,
    signal: new AbortController().signal,
    resting: () => undefined,
    journal: { entries, add: (key, value) => void written.set(key, value) },
    keepImages: 3,
    onProgress: () => undefined,
    onStage: () => undefined,
    onWarning: () => undefined,
  })
  return { result, written, batches }
}

const withoutSeconds = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, part) => (key === 'seconds' ? undefined : part)))

const partOf = (index: number): Uint32Array => indicesOf('x', EXAMPLES, BATCH, { index, of: SHARDS })

describe('an evaluation in shards', () => {
  it('equals one without shards: the same batches, and the same outcome of each example bit for bit', async () => {
    const whole = await evaluated(indicesOf('x', EXAMPLES, BATCH, { index: 0, of: 1 }))
    const parts = await Promise.all(Array.from({ length: SHARDS }, (_, index) => evaluated(partOf(index))))
    expect(parts.flatMap(({ batches }) => batches).sort()).toEqual([...whole.batches].sort())
    expect(parts.flatMap(({ result }) => result.outcomes)).toEqual(whole.result.outcomes)
    const outcomes = new Set(whole.result.outcomes.map(({ brokenBy }) => brokenBy))
    for (const outcome of [null, 'clean', 'one-step', 'fab-t', 'cw-l2'])
      expect(outcomes, 'every outcome').toContain(outcome)
  })

  it('is joined from its journals, with the same figures and pictures, and without attacking again', async () => {
    const whole = await evaluated(indicesOf('x', EXAMPLES, BATCH, { index: 0, of: 1 }))
    const parts = await Promise.all(Array.from({ length: SHARDS }, (_, index) => evaluated(partOf(index))))
    // In any order, as they are read from files.
    const entries = new Map<string, unknown>(
      JSON.parse(JSON.stringify(parts.toReversed().flatMap(({ written }) => [...written]))),
    )
    expect(entries.size).toBe(whole.written.size)
    const joined = await evaluated(indicesOf('x', EXAMPLES, BATCH, { index: 0, of: 1 }), entries)
    expect(joined.batches).toEqual([])
    expect(joined.written.size).toBe(0)
    expect(withoutSeconds(joined.result)).toEqual(withoutSeconds(whole.result))
    expect(joined.result.shown).toHaveLength(3)
  })
})

describe('shards', () => {
  const sizes = fc.record({
    examples: fc.integer({ min: 1, max: 3000 }),
    batchSize: fc.integer({ min: 1, max: 40 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })

  it('contain each example once, in whole blocks, and differ by at most one block', () => {
    fc.assert(
      fc.property(sizes, ({ examples, batchSize, share }) => {
        const size = blockSize(batchSize)
        const blocks = Math.ceil(examples / size)
        const of = 1 + Math.floor(share * (blocks - 1))
        const parts = Array.from({ length: of }, (_, index) => indicesOf('x', examples, batchSize, { index, of }))
        expect(parts.flatMap((part) => [...part])).toEqual([...Array(examples).keys()])
        const counts = parts.map((part) => Math.ceil(part.length / size))
        expectEvery(parts, ([first = 1]) => first % size === 0)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      }),
      { seed: 1 },
    )
  })

  it('do not change the batches, whichever examples survive', () => {
    const survivors = fc.uniqueArray(fc.nat(500), { minLength: 1 })
    fc.assert(
      fc.property(survivors, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), (some, batchSize, of) => {
        const all = Uint32Array.from(some).sort()
        const parts = Array.from({ length: of }, (_, index) => new Set(indicesOf('x', 501, batchSize, { index, of })))
        const cut = parts.flatMap((part) =>
          batchesOf(
            all.filter((index) => part.has(index)),
            batchSize,
          ),
        )
        expect(cut).toEqual(batchesOf(all, batchSize))
      }),
      { seed: 2 },
    )
  })

  it.each([
    [{ index: 0, of: 0 }, 'shard.of to be a whole number >= 1, got 0'],
    [{ index: -1, of: 2 }, 'shard.index to be a whole number >= 0, got -1'],
    [{ index: 2, of: 2 }, 'shard.index < 2, got 2'],
  ])('are refused: %o', (shard, message) => {
    expect(() => attackEval([], { batchSize: 50, shard })).toThrow(`attackEval: expected ${message}`)
  })

  it('are refused if there are more shards than blocks', () => {
    const message = 'attackEval: expected at most 5 shards, because a shard consists of blocks of 200 examples, got 6'
    for (const refuse of [indicesOf, checkShard])
      expect(() => refuse('attackEval', 1000, 50, { index: 0, of: 6 })).toThrow(message)
    expect(() => attackEval([], { examples: 1000, batchSize: 50, shard: { index: 0, of: 6 } })).toThrow(message)
  })
})
