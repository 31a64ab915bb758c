import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import { sum } from '../../math/sums.js'
import type { Runnable } from '../file/definePipeline.js'
import { alike } from './alike.js'
import type { RunCost } from './costs.js'
import { measureRun } from './measureRun.js'

/** What a file's runs take: those that are alike are measured once. */
export interface FileCost {
  readonly measured: readonly MeasuredRun[]
  /** Seconds of all runs, one after the other. */
  readonly seconds: number
  /** Runs in all. */
  readonly runs: number
  /** Bytes of one process, at most. */
  readonly memory: number
}

/** A run that was measured. */
export interface MeasuredRun {
  readonly label: string
  /** How many runs it stands for, itself included. */
  readonly count: number
  readonly cost: RunCost
}

/**
 * Measures what a file describes, in a temporary folder that is deleted afterwards.
 *
 * @param onRun called before each measured run with its label, its position from 0, and how many there are
 * @throws PwoaFailure as the runs would fail
 */
export const measureFile = async (
  made: Runnable,
  options: Pick<RunOptions, 'dataDir' | 'engine' | 'seed' | 'signal'>,
  onRun: (label: string, index: number, count: number) => void = () => undefined,
): Promise<FileCost> => {
  const folder = await mkdtemp(join(tmpdir(), 'pwoa-measure-'))
  try {
    const groups = alike(made)
    const measured: MeasuredRun[] = []
    for (const [index, { label, pipeline, seed, count }] of groups.entries()) {
      onRun(label, index, groups.length)
      const own = seed === undefined ? options : { ...options, seed }
      measured.push({ label, count, cost: await measureRun(pipeline, { ...own, out: join(folder, String(index)) }) })
    }
    return {
      measured,
      seconds: sum(measured.map(({ count, cost }) => count * cost.seconds)),
      runs: sum(measured.map(({ count }) => count)),
      memory: Math.max(0, ...measured.map(({ cost }) => cost.memory)),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
