import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SweepSummary } from '../../../src/runtime/sweep/sweepTypes.js'
import { buildCommand } from '../../cli/commandLine.js'
import { needing, redisServer } from '../../support/needs.js'
import { ownRedis } from './redis.js'
import { outcomesIn, studio, workerArgs } from './studio.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** A search with 20 steps a point; the best is that nearest to 40. */
const searching = `
import { map } from 'rxjs'
import { pipeline, range, search, syntheticDigits } from 'pwoa'
import { evaluated, halve } from './lib/halving'

export default search('found', { x: range(0, 100, 'linear', 'whole') }, ({ x }) =>
  pipeline('one', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(
    halve(5),
    map((step) => {
      const badness = (1 + Math.abs(x - 40)) * (1 + 1 / step.training.step)
      return { ...step, training: { ...step.training, metrics: { badness } } }
    }),
    evaluated,
  ),
  { points: 4, metric: 'metrics.badness', halving: { factor: 2, rungs: 2 } })
`

test('a search on a queue stops the same points at the same rungs as without one', needing(redisServer), async () => {
  const redis = await ownRedis()
  const cwd = studio()
  writeFileSync(join(cwd, 'pipelines', 'searching.ts'), searching)
  const args = (out: string) => ['pipelines/searching.ts', '--engine', 'wasm', '--out', out]
  const whole = await command.run(args('whole'), cwd)
  expect(whole.code, whole.stderr).toBe(0)
  const workers = [command.start(workerArgs(redis), cwd), command.start(workerArgs(redis), cwd)]
  const queued = await command.run([...args('runs/found'), '--queue', redis.url], cwd)
  expect(queued.code, queued.stderr).toBe(0)
  for (const { child } of workers) child.kill('SIGTERM')
  const outcome = (folder: string) => {
    const { points, search }: SweepSummary = JSON.parse(readFileSync(join(cwd, folder, 'summary.json'), 'utf8'))
    return [points.map(({ label, state, standing }) => ({ label, state, standing })), search]
  }
  expect(outcome('runs/found')).toEqual(outcome('whole'))
  expect(outcomesIn(join(cwd, 'runs', 'found'))).toEqual(outcomesIn(join(cwd, 'whole')))
  for (const { ended } of workers) expect((await ended).stderr).toContain('reached its rung')
})
