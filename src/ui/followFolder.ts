import { setTimeout } from 'node:timers/promises'
import type { RunRecord } from '../report/runRecord.js'
import { lastChange } from '../runtime/lastChange.js'
import { readFolder } from '../runtime/readRun.js'
import type { Show } from './show.js'

/** Milliseconds between two looks at a folder; reading it never takes more than a tenth of the time. */
const PAUSE = 2000

export interface FolderOptions {
  readonly folder: string
  readonly show: Show
  /** Which runs to leave out: they are followed as they go. */
  readonly except?: ReadonlySet<string>
}

/** Puts the runs of a folder into the show. Throws what `readFolder` throws. */
export const showFolder = async ({ folder, show, except = new Set() }: FolderOptions): Promise<void> => {
  const found = await readFolder(folder, 'ui')
  const put = (id: string, label: string, { plan, figures, pictures }: RunRecord): void => {
    if (!except.has(id)) show.put({ id, label, plan, figures, pictures, controls: undefined })
  }
  if (found.kind === 'run') return put('0', found.record.plan.pipeline, found.record)
  for (const [index, { label, record }] of found.record.rows.entries()) if (record) put(String(index), label, record)
}

/** Does so again whenever the folder changes, for runs that other processes are at, until it is told to end. */
export const followFolder = async (options: FolderOptions, signal: AbortSignal): Promise<void> => {
  let seen = lastChange(options.folder)
  let took = 0
  while (!signal.aborted) {
    await setTimeout(Math.max(PAUSE, 10 * took), undefined, { signal }).catch(() => undefined)
    const latest = lastChange(options.folder)
    if (latest === seen) continue
    seen = latest
    const began = performance.now()
    // A line that is being written is read the next time.
    await showFolder(options).catch(() => undefined)
    took = performance.now() - began
  }
}
