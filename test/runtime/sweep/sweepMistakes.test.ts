import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { firstValueFrom, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { PwoaError } from '../../../src/dsl/errors.js'
import type { PointOutcome } from '../../../src/runtime/sweep/pointMessages.js'
import type { RunPoint } from '../../../src/runtime/sweep/runPoint.js'
import { startSweep } from '../../../src/runtime/sweep/startSweep.js'
import { sweep } from '../../../src/runtime/sweep/sweep.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../fakes.js'

const of = (rates: readonly number[]) =>
  sweep('rates', { rate: rates }, () => fakePipeline().pipe(fakeTrain({ epochs: 1 })))

const error = (tag: 'OptionError' | 'RunError', actual: string): PwoaError => ({
  _tag: tag,
  stage: 'loadTeacher',
  expected: 'an architecture',
  actual,
})

/** Runs a sweep whose points end as `ends` says for their rates. Returns the points that were started. */
const run = async (
  rates: readonly number[],
  ends: (rate: number) => PointOutcome,
  { workers = 1, out = join(temporaryFolder(), 'x') } = {},
) => {
  const begun: number[] = []
  const runPoint: RunPoint = ({ params: { rate } }) => {
    begun.push(Number(rate))
    return { outcome: Promise.resolve(ends(Number(rate))), stop: () => undefined }
  }
  const result = await startSweep(of(rates), { out }, { workers, attempts: 1, runPoint }).result
  return { begun, result, out }
}

const failed = (given: PwoaError): PointOutcome => ({ type: 'failed', error: given })
const rates = [1, 2, 3, 4, 5, 6, 7, 8]

describe('a mistake in an option or a file', () => {
  test('ends the sweep with its error if the first two points fail by it', async () => {
    const { begun, result, out } = await run(rates, () => failed(error('OptionError', 'none')))
    expect(begun).toEqual([1, 2])
    expect(result).toMatchObject({ left: error('OptionError', 'none') })
    expect(existsSync(join(out, 'summary.json'))).toBe(false)
  })

  test('ends it with several workers, and with a single point, as well', async () => {
    const many = await run(rates, () => failed(error('OptionError', 'none')), { workers: 3 })
    expect(many.begun.length).toBeLessThan(rates.length)
    expect(many.result).toMatchObject({ left: { _tag: 'OptionError' } })
    const one = await run([1], () => failed(error('OptionError', 'none')))
    expect(one.result).toMatchObject({ left: { _tag: 'OptionError' } })
  })

  test.each([
    ['of different kinds', (rate: number) => failed(error('OptionError', String(rate)))],
    ['that are failures of runs', () => failed(error('RunError', 'none'))],
    ['after one of another kind', (rate: number) => failed(error(rate === 1 ? 'RunError' : 'OptionError', 'none'))],
  ])('does not end it if the errors are %s', async (_, ends) => {
    const { begun, result } = await run(rates, ends)
    expect(begun).toEqual(rates)
    expect(result).toMatchObject({ _tag: 'Right' })
  })

  test('does not end it if a point is done, in this sweep or an earlier one', async () => {
    const out = join(temporaryFolder(), 'x')
    await of([1]).run({ out }).result
    const { begun, result } = await run([1, 2, 3, 4], () => failed(error('OptionError', 'none')), { out })
    expect(begun).toEqual([2, 3, 4])
    expect(result).toMatchObject({ right: { points: [{ state: 'done' }, { state: 'failed' }, {}, {}] } })
  })
})

describe('a process that ends when the sweep is stopped', () => {
  test.each([1, 3])('does not count as crashed, with %i attempts', async (attempts) => {
    const out = join(temporaryFolder(), 'x')
    const runPoint: RunPoint = () => {
      handle.stop()
      return { outcome: Promise.resolve({ type: 'crashed', reason: 'signal SIGINT' }), stop: () => undefined }
    }
    const handle = startSweep(of([1, 2]), { out }, { workers: 1, attempts, runPoint })
    const events = firstValueFrom(handle.events$.pipe(toArray()))
    expect(await handle.result).toMatchObject({ left: { _tag: 'InterruptedError' } })
    expect((await events).filter(({ type }) => type === 'again')).toEqual([])
    expect((await events).at(-1)).toMatchObject({ type: 'point', point: { state: 'waiting' } })
  })
})
