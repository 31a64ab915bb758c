import { join } from 'node:path'
import { type Either, isLeft, isRight } from 'fp-ts/lib/Either.js'
import { lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { param, parameters } from '../../../src/dsl/parameters.js'
import { compare } from '../../../src/runtime/comparison/compare.js'
import { definePipeline } from '../../../src/runtime/file/definePipeline.js'
import { fakePipeline, fakeTrain, jsonOf, temporaryFolder } from '../fakes.js'

const valueOf = <A>(result: Either<unknown, A>): A => {
  if (isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const row = (name: string, during: (step: number) => void = () => undefined) =>
  fakePipeline(name).pipe(fakeTrain({ epochs: 1, during }))

describe('compare', () => {
  test('runs one row after the other, in folders of one run folder', async () => {
    const out = join(temporaryFolder(), 'both')
    const handle = compare('both', { 'as is': row('a'), 'much better': row('b') }).run({ out, seed: 2 })
    const labels = lastValueFrom(
      handle.runs$.pipe(
        map(({ label, index, count }) => [label, index, count]),
        toArray(),
      ),
    )
    const summary = valueOf(await handle.result)
    expect(await labels).toEqual([
      ['as is', 0, 2],
      ['much better', 1, 2],
    ])
    expect(Object.keys(summary.rows)).toEqual(['as is', 'much better'])
    expect(summary).toMatchObject({ pipeline: 'both', seed: 2, rows: { 'as is': { pipeline: 'a', seed: 2 } } })
    expect(jsonOf(join(out, 'summary.json'))).toEqual(summary)
    expect(jsonOf(join(out, '1-as-is', 'summary.json'))).toEqual(summary.rows['as is'])
  })

  test('resumes the interrupted row and keeps the finished ones', async () => {
    const out = join(temporaryFolder(), 'both')
    const stopping = compare('both', { a: row('a'), b: row('b', (step) => void (step === 3 && handle.stop())) })
    const handle = stopping.run({ out })
    expect(await handle.result).toMatchObject({ left: { _tag: 'InterruptedError', stage: 'both' } })
    const first = jsonOf(join(out, '1-a', 'summary.json'))
    const again = compare('both', { a: row('a'), b: row('b') }).run({ resume: out })
    const started = lastValueFrom(again.runs$.pipe(toArray()))
    const summary = valueOf(await again.result)
    expect(summary.rows.a).toEqual(first)
    expect((await started).map(({ label }) => label)).toEqual(['b'])
  })

  test('ends with the error of a row that fails, with the name of the row', async () => {
    const failing = row('b', () => {
      throw new Error('boom')
    })
    const handle = compare('both', { a: row('a'), second: failing }).run({ out: join(temporaryFolder(), 'x') })
    expect(await handle.result).toMatchObject({ left: { _tag: 'RunError', stage: 'second / b', actual: 'boom' } })
  })

  test('refuses a comparison without rows, and to resume another comparison', async () => {
    expect(() => compare('none', {})).toThrow('compare: expected at least one pipeline, got none')
    const out = join(temporaryFolder(), 'x')
    valueOf(await compare('x', { a: row('a') }).run({ out }).result)
    const other = await compare('x', { b: row('a') }).run({ resume: out }).result
    expect(other).toMatchObject({ left: { _tag: 'OptionError', stage: 'resume' } })
  })
})

describe('definePipeline', () => {
  const fields = parameters({ epochs: param.integer({ default: 2, min: 1, help: 'Passes.' }) })
  const definition = definePipeline(fields, ({ epochs }) => fakePipeline('p').pipe(fakeTrain({ epochs })))

  test('makes the pipeline and records the parameters in it', () => {
    const made = valueOf(definition.make({ epochs: '3' }))
    expect(made.params).toEqual({ epochs: 3 })
    expect(made).toMatchObject({ kind: 'pipeline', plan: [{ config: { epochs: 3 } }] })
    expect(valueOf(definition.make()).params).toEqual({ epochs: 2 })
  })

  test('records them in each row of a comparison', () => {
    const both = definePipeline(fields, ({ epochs }) => compare('c', { a: fakePipeline().pipe(fakeTrain({ epochs })) }))
    expect(valueOf(both.make())).toMatchObject({ params: { epochs: 2 }, rows: { a: { params: { epochs: 2 } } } })
  })

  test('returns wrong values, refused options and exceptions as data', () => {
    expect(definition.make({ epochs: 0 })).toMatchObject({ left: { _tag: 'OptionError', stage: '--set epochs' } })
    const throwing = definePipeline(fields, () => {
      throw new Error('boom')
    })
    expect(throwing.make()).toMatchObject({ left: { _tag: 'UsageError', actual: 'an exception: boom' } })
    const misplaced = definePipeline(fields, () => compare('none', {}))
    expect(misplaced.make()).toMatchObject({ left: { _tag: 'OptionError', stage: 'compare' } })
    expect(isRight(definition.make({}))).toBe(true)
  })
})
