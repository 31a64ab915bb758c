/** Every reader on changed files and on files that were made to cost much: it reads, or refuses within its budget. */
import { describe, expect, it } from 'vitest'
import { ReadBudget } from '../../src/io/files/readBudget.js'
import { longer } from '../support/longer.js'
import { fuzz } from './fuzz.js'
import { outcomeOf } from './kind.js'
import { kinds } from './kinds.js'

const INPUTS = longer(150, 3000)

describe.each(Object.entries(kinds))('%s', (_name, kind) => {
  it('reads its own seeds', async () => {
    const ends = (await kind.seeds()).map(async ({ parts, build }) => {
      const bytes = build(parts)
      return outcomeOf(kind, bytes, new ReadBudget(bytes.length))
    })
    expect(await Promise.all(ends)).toEqual(ends.map(() => ({ end: 'read' })))
  })

  it(`reads or refuses ${INPUTS} changed files within the budget, and nothing else`, async () => {
    const figures = await fuzz(kind, { seed: 1, goesOn: (inputs) => inputs < INPUTS })
    expect(figures.findings).toEqual([])
    expect(figures.refused, 'the changes matter').toBeGreaterThan(INPUTS / 20)
    expect(figures.memory).toBeLessThanOrEqual(1)
    expect(figures.steps).toBeLessThanOrEqual(1)
  })

  it.each(Object.keys(kind.hostile))('%s: no fault, within the budget', async (name) => {
    const bytes = kind.hostile[name]?.() ?? new Uint8Array(0)
    const budget = new ReadBudget(bytes.length)
    const outcome = await outcomeOf(kind, bytes, budget)
    expect(outcome).not.toHaveProperty('reason')
    expect(budget.spent.bytes).toBeLessThanOrEqual(budget.spent.mostBytes)
  })
})
