import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import { take, tap } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Shard } from '../../../src/attacks/evaluation/shard.js'
import { stage } from '../../../src/dsl/op.js'
import { param, parameters } from '../../../src/dsl/parameters.js'
import type { Pipeline } from '../../../src/dsl/pipeline/pipeline.js'
import type { Step } from '../../../src/dsl/step.js'
import { definePipeline } from '../../../src/runtime/file/definePipeline.js'
import { pointInProcess } from '../../../src/runtime/sweep/pointInProcess.js'
import type { RunPoint } from '../../../src/runtime/sweep/runPoint.js'
import { shards } from '../../../src/runtime/sweep/shards.js'
import { startSweep } from '../../../src/runtime/sweep/startSweep.js'
import { keyOf } from '../../../src/runtime/sweep/sweepFolder.js'
import { fakePipeline, temporaryFolder } from '../fakes.js'

const valueOf = <A>(result: Either<unknown, A>): A => {
  if (isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const COUNT = 6

/** A stage that records six items, or a shard of them, in a journal; `clean` is the share of items in it. */
const working =
  (during: (index: number) => void = () => undefined) =>
  (shard: Shard | undefined): Pipeline<Step> =>
    fakePipeline('work').pipe(
      stage({ stage: 'work', config: shard ? { shard } : {}, needs: [], adds: [] }, (source) =>
        source.pipe(
          take(1),
          tap(({ run }) => {
            const { entries, add } = run.journal('work')
            for (let index = 0; index < COUNT; index++) {
              if (entries.has(String(index)) || (shard && index % shard.of !== shard.index)) continue
              during(index)
              add(String(index), index)
            }
            run.emit({
              type: 'evaluation',
              subject: 'before',
              accuracies: { clean: entries.size / COUNT, attacks: {}, examples: COUNT },
            })
          }),
        ),
      ),
    )

describe('shards', () => {
  test('are points of a sweep, and the last one joins the journals of the others', async () => {
    const out = join(temporaryFolder(), 'x')
    const done: number[] = []
    const { points } = valueOf(
      await shards(
        'x',
        3,
        working((index) => void done.push(index)),
      ).run({ out }).result,
    )
    expect(points.map(({ label, state, summary }) => [label, state, summary?.before?.clean])).toEqual([
      ['shard=0', 'done', 2 / COUNT],
      ['shard=1', 'done', 2 / COUNT],
      ['shard=2', 'done', 2 / COUNT],
      ['shard=all', 'done', 1],
    ])
    expect(done.sort(), 'each once').toEqual([0, 1, 2, 3, 4, 5])
    expect(readFileSync(join(out, 'results.md'), 'utf8')).toMatch(/\| all \| 0 \| done \| 1 \|/)
    const again = valueOf(
      await shards(
        'x',
        3,
        working(() => expect.fail('again')),
      ).run({ out }).result,
    )
    expect(again.points.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0])
  })

  test('the whole runs after all of them, however many run at the same time', async () => {
    const log: string[] = []
    const runPoint: RunPoint = (point, place, onProgress) => {
      log.push(`${point.label} begins`)
      const running = pointInProcess(point, place, onProgress)
      return { ...running, outcome: running.outcome.finally(() => log.push(`${point.label} ends`)) }
    }
    const out = join(temporaryFolder(), 'x')
    valueOf(await startSweep(shards('x', 3, working()), { out }, { workers: 9, attempts: 1, runPoint }).result)
    expect(log.slice(-2)).toEqual(['shard=all begins', 'shard=all ends'])
    expect(log).toHaveLength(8)
  })

  test('the whole fails if one of them has failed, and succeeds after that one is done', async () => {
    const out = join(temporaryFolder(), 'x')
    const failing = working((index) => {
      if (index === 4) throw new Error('boom')
    })
    const { points } = valueOf(await shards('x', 3, failing).run({ out }).result)
    expect(points.map(({ state }) => state)).toEqual(['done', 'failed', 'done', 'failed'])
    expect(points[3]?.error).toMatchObject({
      _tag: 'RunError',
      stage: 'shard=all',
      expected: 'all its parts to be done, and their folders to be here',
      actual: 'none of shard=1',
    })
    const done: number[] = []
    const again = valueOf(
      await shards(
        'x',
        3,
        working((index) => void done.push(index)),
      ).run({ out }).result,
    )
    expect(again.points.map(({ state }) => state)).toEqual(Array(4).fill('done'))
    expect(done, 'what it had written down before it failed stays').toEqual([4])
  })

  test('the whole refuses a part without its journal', async () => {
    const out = join(temporaryFolder(), 'x')
    const made = shards('x', 2, working())
    const losing: RunPoint = (point, place, onProgress) => {
      const [first] = made.points
      if (point.parts && first)
        rmSync(join(out, 'points', keyOf(first, place.seed), 'work.journal.jsonl'), { force: true })
      return pointInProcess(point, place, onProgress)
    }
    const { points } = valueOf(await startSweep(made, { out }, { workers: 1, attempts: 1, runPoint: losing }).result)
    expect(points[2]?.error).toMatchObject({ _tag: 'FileError', stage: 'journal' })
  })

  test('have the parameters of definePipeline, in the parts as well as in the points', () => {
    const fields = parameters({ parts: param.integer({ default: 2, help: 'Parts.' }) })
    const made = valueOf(definePipeline(fields, ({ parts }) => shards('x', parts, working())).make({ parts: '3' }))
    if (made.kind !== 'sweep') throw new Error(made.kind)
    const keys = made.points.map((point) => keyOf(point, 0))
    expect(new Set(keys).size).toBe(4)
    expect(made.points[3]?.parts?.map((point) => keyOf(point, 0))).toEqual(keys.slice(0, 3))
    expect(made.points[3]?.pipeline.params).toEqual({ parts: 3, shard: 'all' })
  })

  test('are refused for a wrong number, and for a pipeline that does not use its part', () => {
    expect(() => shards('x', 0, working())).toThrow('shards: expected of to be a whole number >= 1, got 0')
    expect(() => shards('x', 2, () => working()(undefined))).toThrow(
      'shards: expected a pipeline that gives its shard to attackEval, got one that does not',
    )
  })
})
