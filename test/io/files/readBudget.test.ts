import { describe, expect, it } from 'vitest'
import { allocateJson } from '../../../src/io/files/jsonCost.js'
import { ReadBudget } from '../../../src/io/files/readBudget.js'
import { Refusal } from '../../../src/io/files/refusal.js'

const refusalOf = (act: () => unknown): Refusal => {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown
    throw thrown
  }
  throw new Error('nothing was refused')
}

const ROOM = 2 ** 29

describe('a budget', () => {
  it('is room for a network and a multiple of the file, and counts all that was allocated', () => {
    const budget = new ReadBudget(1000)
    budget.allocate(ROOM, 'one')
    budget.allocate(4000, 'two')
    expect(budget.bytesLeft).toBe(0)
    const { expected, actual, hint } = refusalOf(() => budget.allocate(1, 'tensor "w"'))
    expect(expected).toBe('a file of 1000 bytes that is read with at most 513 MiB of memory')
    expect(actual).toBe('one that needs 513 MiB or more, for tensor "w"')
    expect(hint).toBeUndefined()
    expect(budget.spent.bytes, 'what was refused is not counted').toBe(ROOM + 4000)
  })

  it('refuses work, and sizes that are no numbers', () => {
    const budget = new ReadBudget(0)
    budget.work(2 ** 27, 'a loop')
    expect(refusalOf(() => budget.work(1, 'a loop')).expected).toContain('at most 134217728 steps')
    expect(refusalOf(() => budget.allocate(Number.NaN, 'x')).actual).toContain('for x')
    expect(refusalOf(() => budget.allocate(Number.POSITIVE_INFINITY, 'x')).actual).toContain('for x')
  })

  it('grows with files that belong to the first, and by the option, which the error names', () => {
    const budget = new ReadBudget(10, { times: 0.5, bytesPerByte: 64, option: 'readBudget' })
    expect(budget.spent.mostBytes).toBe(0.5 * (ROOM + 640))
    budget.addFile(90)
    expect(budget.spent.mostBytes).toBe(0.5 * (ROOM + 6400))
    expect(refusalOf(() => budget.check(3 * ROOM, 'x')).hint).toBe(
      'If you trust the file, allow more: readBudget: 4, times the usual budget.',
    )
    expect(budget.spent.bytes).toBe(0)
  })

  it('counts the objects that a JSON text stands for', () => {
    const budget = new ReadBudget(0)
    allocateJson(budget, Buffer.from('{"a":[1,2]}'), 'a header')
    expect(budget.spent).toMatchObject({ bytes: 2 * 11 + 320 + 96 + 2 * 32, steps: 11 })
    expect(refusalOf(() => allocateJson(budget, Buffer.alloc(6_000_000, '['), 'a header')).actual).toContain('a header')
  })
})
