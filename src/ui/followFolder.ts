import { setTimeout } from 'node:timers/promises'
import { makeRunFigures } from '../report/runFigures.js'
import { isFolderInUse } from '../runtime/folder/folderLock.js'
import { type FolderRun, folderRuns, lastChange } from '../runtime/records/folderRuns.js'
import { readRun } from '../runtime/records/readRun.js'
import type { Show, ShownRun } from './show.js'

/** Milliseconds between two looks at a folder, at least. */
const PAUSE = 2000

/** Looking takes no more than this share of a core: whoever writes the folder is at work. */
const SHARE = 0.01

export interface FolderOptions {
  readonly folder: string
  readonly show: Show
  /** Which runs to leave out, now or from later on: they are followed as they go. */
  readonly except?: ReadonlySet<string>
  /** Hears at each look why a run can't be shown; the others are. */
  readonly failed?: (thrown: unknown) => void
}

/** Looks at a folder, and puts what has changed since the last look into a show. */
export type FolderLook = () => Promise<void>

/** The runs of a folder for a show. A look throws what `partsOf` throws. */
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
    // A line that is being written is read the next time.
    const shown = await (begun ? read(part, alive) : absent(part)).catch((thrown: unknown) => {
      if (!alive) throw thrown
    })
    // One that began while its folder was read is shown as it goes.
    if (!shown || except.has(part.id)) return
    show.put(shown)
    seen.set(part.id, now)
  }
  return async () => {
    const looks = folderRuns(folder, 'ui').flatMap((part) => (except.has(part.id) ? [] : [part]))
    for (const part of looks) await lookAt(part).catch(failed)
  }
}

/** Looks again and again, for runs that other processes are at, until it is told to end. */
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
  ...(params ? { params } : {}),
  controls: undefined,
})

const read = async (part: FolderRun, alive: boolean): Promise<ShownRun> => {
  const { plan, figures, pictures } = await readRun(part.folder, 'ui', alive ? 'under way' : 'over')
  if (part.state === 'failed') figures.end('failed')
  return { ...placeOf(part), plan, figures, pictures }
}

/** One whose folder is not here: it has not begun, or another machine keeps it. */
const absent = async (part: FolderRun): Promise<ShownRun> => {
  const figures = makeRunFigures(part.label, 'waiting')
  if (part.state === 'done' || part.state === 'failed') figures.end(part.state)
  return { ...placeOf(part), plan: undefined, figures, pictures: new Map() }
}
