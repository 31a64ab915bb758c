import { join } from 'node:path'
import { valueOfTask } from '../../dsl/errors.js'
import { type Work, work } from '../../dsl/kit/traced.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { runFiles } from '../folder/folderNames.js'

/** A complete event of the Trace Event Format, which Chrome, Perfetto and speedscope open. Times in microseconds. */
interface TraceEvent {
  readonly name: string
  readonly ph: 'X'
  readonly ts: number
  readonly dur: number
  readonly pid: 1
  readonly tid: 1
}

/** Work under way, and the milliseconds of the nested work in it. */
interface Open {
  readonly name: string
  readonly began: number
  contained: number
}

/** Largest number of events in a trace: some thousand steps. The seconds are summed to the end of the run. */
const MOST = 100_000

/** Measures the work in a run's steps. */
export interface Profile {
  /** Seconds per kind of work, without nested work. */
  readonly seconds: () => Readonly<Record<string, number>>
  /** Stops measuring and writes `trace.json`. @throws WriteError */
  readonly close: () => Promise<void>
}

/** Starts to measure, for a run in this folder. @param now a clock, in milliseconds */
export const openProfile = (folder: string, now: () => number): Profile => {
  const events: TraceEvent[] = []
  const totals = new Map<string, number>()
  const open: Open[] = []
  const start = (message: unknown): void => void open.push({ name: (message as Work).name, began: now(), contained: 0 })
  const end = (): void => {
    const ended = open.pop()
    if (!ended) return
    const duration = now() - ended.began
    const around = open.at(-1)
    if (around) around.contained += duration
    totals.set(ended.name, (totals.get(ended.name) ?? 0) + (duration - ended.contained) / 1000)
    if (events.length < MOST)
      events.push({ name: ended.name, ph: 'X', ts: 1000 * ended.began, dur: 1000 * duration, pid: 1, tid: 1 })
  }
  work.start.subscribe(start)
  work.end.subscribe(end)
  return {
    seconds: () => Object.fromEntries(totals),
    close: async () => {
      work.start.unsubscribe(start)
      work.end.unsubscribe(end)
      const trace = JSON.stringify({ traceEvents: events, displayTimeUnit: 'ms' })
      await valueOfTask(writeWhole(join(folder, runFiles.trace), trace, 'trace'))
    },
  }
}
