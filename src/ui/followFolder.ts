import { setTimeout } from 'node:timers/promises'
import { given } from '../dsl/kit/given.js'
import { makeRunFigures } from '../report/figures/runFigures.js'
import { isFolderInUse } from '../runtime/folder/folderLock.js'
import { type FolderRun, folderRuns, lastChange } from '../runtime/records/folderRuns.js'
import { readRun } from '../runtime/records/readRun.js'
import type { Show, ShownRun } from './show.js'

/** Least milliseconds between two reads of a folder. */
const PAUSE = 2000

/** Largest share of a core for reading: the process that writes the folder needs the others. */
const SHARE = 0.01

/** Options of {@link lookAtFolder}. */
export interface FolderOptions {
  readonly folder: string
  readonly show: Show
  /** Ids of the runs to leave out, because they are followed live. It may grow. */
  readonly except?: ReadonlySet<string>
  /** Called at each read with the reason why a run can't be shown; the others are. */
  readonly failed?: (thrown: unknown) => void
}

/** Reads a folder, and updates the show by what has changed since the last read. @throws the error of `partsOf` */
export type FolderLook = () => Promise<void>

/** Prepares to show the runs of a folder. */
export const lookAtFolder = ({
  folder,
  show,
  except = new Set(),
  failed = () => undefined,
}: FolderOptions): FolderLook => {
  const seen = new Map<string, string>()
  const lookAt = async (part: FolderRun): Promise<void> => {
    const { begun } = part
    const alive = begun && isFolderInUse(part.folder)
    const now = JSON.stringify([part.state, alive, begun && lastChange(part.folder)])
    if (seen.get(part.id) === now) return
    // An incomplete line that is being written is read the next time.
    const shown = await (begun ? read(part, alive) : absent(part)).catch((thrown: unknown) => {
      if (!alive) throw thrown
    })
    // A run that started while its folder was read is followed live.
    if (!shown || except.has(part.id)) return
    show.put(shown)
    seen.set(part.id, now)
  }
  return async () => {
    const looks = folderRuns(folder, 'ui').flatMap((part) => (except.has(part.id) ? [] : [part]))
    for (const part of looks) await lookAt(part).catch(failed)
  }
}

/** Reads the folder repeatedly, for runs of other processes, until the signal is aborted. */
export const followFolder = async (look: FolderLook, signal: AbortSignal): Promise<void> => {
  let pause = PAUSE
  while (!signal.aborted) {
    await setTimeout(pause, undefined, { signal }).catch(() => undefined)
    const began = process.cpuUsage()
    await look().catch(() => undefined)
    const { user, system } = process.cpuUsage(began)
    pause = Math.max(PAUSE, (user + system) / 1000 / SHARE)
  }
}

const placeOf = ({ id, label, params }: FolderRun) => ({
  id,
  label,
  ...given({ params }),
  controls: undefined,
})

const read = async (part: FolderRun, alive: boolean): Promise<ShownRun> => {
  const { plan, figures, pictures } = await readRun(part.folder, 'ui', alive ? 'under way' : 'over')
  if (part.state === 'failed' || part.state === 'stopped') figures.end(part.state)
  return { ...placeOf(part), plan, figures, pictures }
}

/** A run without a folder here: it has not started, or another machine has it. */
const absent = async (part: FolderRun): Promise<ShownRun> => {
  const figures = makeRunFigures(part.label, 'waiting')
  if (part.state !== undefined && part.state !== 'waiting' && part.state !== 'running') figures.end(part.state)
  return { ...placeOf(part), plan: undefined, figures, pictures: new Map() }
}
