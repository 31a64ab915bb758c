import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SweepSummary } from '../../src/runtime/sweep/sweepTypes.js'
import { until } from '../support/until.js'
import { buildCommand, folderWith } from './commandLine.js'
import { userFiles } from './userFiles.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** Runs that compute with numbers instead of tensors, 20 steps each; the best point is that nearest to 40. */
const searching = `
import { map } from 'rxjs'
import { pipeline, range, search, syntheticDigits } from 'pwoa'
import { evaluated, halve, slowly } from './lib/halving'

const order = process.env.ORDER === 'asynchronous' ? 'asynchronous' : 'synchronous'
export default search('found', { x: range(0, 100, 'linear', 'whole') }, ({ x }) =>
  pipeline('one', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(
    slowly,
    halve(5),
    map((step) => {
      const badness = (1 + Math.abs(x - 40)) * (1 + 1 / step.training.step)
      return { ...step, training: { ...step.training, metrics: { badness } } }
    }),
    evaluated,
  ),
  { points: 4, metric: 'metrics.badness', halving: { factor: 2, rungs: 2, order } })
`

const files = { ...userFiles, 'searching.ts': searching }

/** What came of each point, without times and attempts. */
const outcomeIn = (folder: string) => {
  const { points, search }: SweepSummary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))
  return {
    points: points.map(({ label, key, state, standing, summary }) => ({
      label,
      key,
      state,
      standing,
      ...summary?.after,
    })),
    search,
  }
}

/** The steps of each point, without times. */
const stepsIn = (folder: string): readonly string[] =>
  readdirSync(join(folder, 'points'))
    .toSorted()
    .map((key) => {
      const lines = readFileSync(join(folder, 'points', key, 'metrics.jsonl'), 'utf8')
      return `${key}\n${lines.replace(/"seconds":[^,}]+/g, '')}`
    })

/** How many points have taken a step. */
const begunIn = (folder: string): number => {
  const points = join(folder, 'points')
  const files = existsSync(points) ? readdirSync(points).map((key) => join(points, key, 'metrics.jsonl')) : []
  return files.filter((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0).length
}

describe('pwoa-run of a search', () => {
  test('ends with the same results in processes side by side, after SIGKILL, and in one piece', async () => {
    const cwd = folderWith(files)
    const run = (out: string, ...more: readonly string[]) =>
      command.run(['searching.ts', '--engine', 'wasm', '--checkpoint-every', '2', '--out', out, ...more], cwd)
    const whole = await run('whole')
    expect(whole.code, whole.stderr).toBe(0)
    expect(whole.stderr).toMatch(/4\/4 x=\d+: clean 98\.5 % {2}pgd 85\.0 % .*\n/)
    expect(whole.stderr.match(/stopped at rung 1 of 2, step 5: metrics\.badness/g)).toHaveLength(2)
    expect(whole.stderr.match(/stopped at rung 2 of 2, step 10: metrics\.badness/g)).toHaveLength(1)
    expect(whole.stdout).toContain('The results are the same for any number of workers.')

    // Killed with its child processes, which notice that it is gone, while points are under way.
    for (const begun of [1, 3]) {
      const started = command.start(
        ['searching.ts', '--engine', 'wasm', '--checkpoint-every', '2', '--out', 'cut', '--workers', '2'],
        cwd,
      )
      await until('points that are under way', () => begunIn(join(cwd, 'cut')) >= begun)
      started.child.kill('SIGKILL')
      expect((await started.ended).code).toBeNull()
    }
    const idle = () =>
      readdirSync(join(cwd, 'cut', 'points')).every((key) => !existsSync(join(cwd, 'cut', 'points', key, 'run.lock')))
    await until('the children to end', idle)
    const cut = await run('cut', '--workers', '3')
    expect(cut.code, cut.stderr).toBe(0)
    expect(outcomeIn(join(cwd, 'cut'))).toEqual(outcomeIn(join(cwd, 'whole')))
    expect(stepsIn(join(cwd, 'cut'))).toEqual(stepsIn(join(cwd, 'whole')))
  })

  test('without waiting for others takes the same decisions after SIGKILL, with one worker', async () => {
    const cwd = folderWith(files)
    const args = (out: string) => ['searching.ts', '--engine', 'wasm', '--checkpoint-every', '2', '--out', out]
    const env = { ORDER: 'asynchronous' }
    const whole = command.start(args('whole'), cwd, env)
    expect((await whole.ended).code).toBe(0)
    const started = command.start(args('cut'), cwd, env)
    await until('points that are under way', () => begunIn(join(cwd, 'cut')) >= 2)
    started.child.kill('SIGKILL')
    await started.ended
    const again = await command.start(args('cut'), cwd, env).ended
    expect(again.code, again.stderr).toBe(0)
    expect(outcomeIn(join(cwd, 'cut'))).toEqual(outcomeIn(join(cwd, 'whole')))
    expect(again.stdout.replaceAll('\n  ', ' ')).toContain('which ones do depends on the order in which runs end')
  })
})
