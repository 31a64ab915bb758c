import { filter, take } from 'rxjs'
import type { Pipeline } from '../dsl/pipeline.js'
import type { RunHandle } from '../dsl/run.js'
import type { Step } from '../dsl/step.js'
import type { Comparison, ComparisonHandle } from '../runtime/comparison/comparison.js'
import { planOf } from '../runtime/folder/plan.js'
import type { Sweep, SweepHandle } from '../runtime/sweep/sweepTypes.js'
import { followFolder, lookAtFolder } from '../ui/followFolder.js'
import { followRun } from '../ui/followRun.js'
import { makeShow } from '../ui/show.js'
import type { Invocation } from './invocation.js'
import { openPage } from './openPage.js'

/** A run and the pipeline that it is of, a comparison and its pipelines, or a sweep. */
export type Started =
  | { readonly made: Pipeline<Step>; readonly handle: RunHandle }
  | { readonly made: Comparison; readonly handle: ComparisonHandle }
  | { readonly made: Sweep; readonly handle: SweepHandle }

/** A page for what is about to be started. */
export interface RunPage {
  /** Shows it; to be called in the same turn in which it was started. */
  readonly follow: (started: Started) => void
  /** Resolves when the page shows how all ended, and is closed. */
  readonly close: () => Promise<void>
}

/** Opens the page that `--ui` asks for; undefined where nobody asked. */
export const showPage = async (
  name: string,
  { page: address, options: { resume, seed = 0 } }: Invocation,
): Promise<RunPage | undefined> => {
  if (!address) return undefined
  const show = makeShow(name)
  const page = await openPage(show, address, resume)
  const from = resume === undefined ? 'its beginning' : 'an earlier part'
  const following: Promise<void>[] = []

  const followOne = (id: string, label: string, pipeline: Pipeline<Step>, run: RunHandle): void => {
    following.push(followRun({ show, id, label, plan: planOf(pipeline, seed), run, from }))
    // The folder is there when the engine is.
    run.events$
      .pipe(
        filter(({ type }) => type === 'engine'),
        take(1),
      )
      .subscribe(() => page.keepIn(run.folder))
  }
  const followRows = ({ rows }: Comparison, { folder, runs$ }: ComparisonHandle): void => {
    const live = new Set<string>()
    if (resume !== undefined) following.push(lookAtFolder({ folder, show, except: live })().catch(() => undefined))
    runs$.subscribe(({ label, index, run }) => {
      page.keepIn(folder)
      live.add(String(index))
      const row = rows[label]
      if (row) followOne(String(index), label, row, run)
    })
  }
  /** Its points run in other processes: they are seen by what they write. */
  const followPoints = ({ folder, events$, result }: SweepHandle): void => {
    const look = lookAtFolder({ folder, show })
    const controller = new AbortController()
    // The folder is there when the points are told.
    events$.pipe(take(1)).subscribe(() => {
      page.keepIn(folder)
      following.push(followFolder(look, controller.signal).then(() => look().catch(() => undefined)))
    })
    void result.then(() => controller.abort())
  }
  return {
    follow: ({ made, handle }) => {
      if ('runs$' in handle && made.kind === 'comparison') followRows(made, handle)
      else if ('metrics$' in handle && made.kind === 'pipeline') followOne('0', made.name, made, handle)
      else if (made.kind === 'sweep' && !('runs$' in handle || 'metrics$' in handle)) followPoints(handle)
    },
    close: async () => {
      await Promise.all(following)
      await page.close()
    },
  }
}
