import { take } from 'rxjs'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { RunHandle, RunOptions } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'
import type { Comparison, ComparisonHandle } from '../../runtime/comparison/comparison.js'
import { planOf } from '../../runtime/folder/plan.js'
import type { Sweep, SweepHandle } from '../../runtime/sweep/sweepTypes.js'
import { followFolder, lookAtFolder } from '../../ui/followFolder.js'
import { followRun } from '../../ui/followRun.js'
import { makeShow } from '../../ui/show.js'
import type { Address } from '../arguments/optionReaders.js'
import { openPage } from './openPage.js'

/** A started run, comparison or sweep, with what it was started from. */
export type Started =
  | { readonly made: Pipeline<Step>; readonly handle: RunHandle }
  | { readonly made: Comparison; readonly handle: ComparisonHandle }
  | { readonly made: Sweep; readonly handle: SweepHandle }

/** A page for something that is about to start. */
export interface RunPage {
  /** Shows it. To be called synchronously after the start, so that no event is missed. */
  readonly follow: (started: Started) => void
  /** Waits until the page shows the end, then closes it. */
  readonly close: () => Promise<void>
}

/**
 * Opens the page that `--ui` asks for.
 *
 * @throws OptionError if the address is taken
 */
export const showPage = async (
  name: string,
  address: Address,
  { resume, seed = 0 }: Pick<RunOptions, 'resume' | 'seed'>,
): Promise<RunPage> => {
  const show = makeShow(name)
  const page = await openPage(show, address)
  const from = resume === undefined ? 'its beginning' : 'an earlier part'
  const following: Promise<void>[] = []

  const followOne = (id: string, label: string, pipeline: Pipeline<Step>, run: RunHandle): void => {
    following.push(followRun({ show, id, label, plan: planOf(pipeline, seed), run, from }))
  }
  const followRows = ({ rows }: Comparison, { folder, runs$ }: ComparisonHandle): void => {
    const live = new Set<string>()
    if (resume !== undefined) following.push(lookAtFolder({ folder, show, except: live })().catch(() => undefined))
    runs$.subscribe(({ label, index, run }) => {
      live.add(String(index))
      const row = rows[label]
      if (row) followOne(String(index), label, row, run)
    })
  }
  /** The points run in other processes, so the page shows what they write. */
  const followPoints = ({ folder, events$, result }: SweepHandle): void => {
    const look = lookAtFolder({ folder, show })
    const controller = new AbortController()
    // The folder exists once there is an event.
    events$.pipe(take(1)).subscribe(() => {
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
