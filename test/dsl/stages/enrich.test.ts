import { lastValueFrom, map, of, throwError, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { RunContext } from '../../../src/dsl/context.js'
import { lend } from '../../../src/dsl/lend.js'
import { enrich } from '../../../src/dsl/stages/enrich.js'
import { enrichOnce } from '../../../src/dsl/stages/enrichOnce.js'
import type { LossTerm, Minibatch, Step } from '../../../src/dsl/step.js'

const step = (hold: Minibatch['hold'] = () => () => undefined): Step => ({
  run: {} as RunContext,
  minibatch: { hold } as unknown as Minibatch,
})

const term = (name: string): LossTerm => ({
  name,
  phases: ['train'],
  bind: () => () => {
    throw new Error('not called')
  },
})

describe('enrich', () => {
  test('adds fields and does not change the step', () => {
    const before = step()
    const after = enrich('x', before, { extra: 1 })
    expect(after).toEqual({ ...before, extra: 1 })
    expect(before).not.toHaveProperty('extra')
  })

  test('merges loss terms in order', () => {
    const twice = enrich('b', enrich('a', step(), { terms: [term('one')] }), { terms: [term('two')] })
    expect(twice.terms.map(({ name }) => name)).toEqual(['one', 'two'])
  })

  test('a second term of the same name, and an existing field, are errors of the adding stage', () => {
    const one = enrich('a', step(), { terms: [term('same')] })
    expect(() => enrich('b', one, { terms: [term('same')] })).toThrow(
      'b: expected each loss term once, got "same" twice',
    )
    const extra = enrich('a', step(), { extra: 1 })
    expect(() => enrich('b', extra, { extra: 1 })).toThrow(
      'b: expected no earlier stage that adds "extra", got "extra" twice',
    )
    expect(() => enrich('b', step(), { run: {} })).toThrow('"run"')
  })
})

describe('enrichOnce', () => {
  const lending = (count: number) => {
    let out = 0
    const source = lend((index, lease) => {
      if (index === count) return undefined
      out += 1
      return { value: step(lease.hold), free: () => void out-- }
    })
    return { source, out: () => out }
  }

  test('works once per subscription while the source waits; later steps pass synchronously', async () => {
    const { source, out } = lending(3)
    let calls = 0
    const added = source.pipe(
      enrichOnce('slow', async () => {
        calls += 1
        await new Promise(setImmediate)
        await new Promise(setImmediate)
        return { extra: calls }
      }),
      map((enriched) => [enriched.extra, out()]),
      toArray(),
    )
    expect(await lastValueFrom(added)).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ])
    expect(await lastValueFrom(added)).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
    ])
    expect(out()).toBe(0)
  })

  test('a rejection becomes the error of the stream, and the minibatch is handed back', async () => {
    const { source, out } = lending(3)
    const failing = source.pipe(enrichOnce('slow', () => Promise.reject(new Error('no file'))))
    await expect(lastValueFrom(failing)).rejects.toThrow('no file')
    await new Promise(setImmediate)
    expect(out()).toBe(0)
  })

  test('passes an error of the source on', async () => {
    const failing = throwError(() => new Error('early')).pipe(enrichOnce('slow', async () => ({ extra: 1 })))
    await expect(lastValueFrom(failing)).rejects.toThrow('early')
    expect(
      await lastValueFrom(
        of<Step>().pipe(
          enrichOnce('slow', async () => ({ extra: 1 })),
          toArray(),
        ),
      ),
    ).toEqual([])
  })
})
