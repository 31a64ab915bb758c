import { isLeft } from 'fp-ts/lib/Either.js'
import type { RunHandle } from '../dsl/pipeline/run.js'
import { makeRunFigures } from '../report/figures/runFigures.js'
import type { RunPlan } from '../report/figures/runRecord.js'
import { isPicture, readPicture } from '../runtime/records/readPicture.js'
import { replay } from '../runtime/records/readRun.js'
import type { Show } from './show.js'

/** Options of {@link followRun}. */
export interface FollowOptions {
  readonly show: Show
  readonly id: string
  readonly label: string
  readonly plan: RunPlan
  readonly run: RunHandle
  /** Whether the run is resumed: then its folder contains an earlier part. */
  readonly from: 'its beginning' | 'an earlier part'
}

/** Shows a run live; if it is resumed, its earlier part too. Resolves when it has ended and the show has its end. */
export const followRun = async ({ show, id, label, plan, run, from }: FollowOptions): Promise<void> => {
  const figures = makeRunFigures(plan.pipeline)
  const { pause, proceed, stop, folder } = run
  const put = (): void =>
    show.put({ id, label, plan, figures, pictures: new Map(), controls: { pause, proceed, stop } })
  const began = Date.now() / 1000
  let waiting: (() => void)[] | undefined = from === 'an earlier part' ? [] : undefined
  let catching: Promise<void> | undefined
  let step = 0

  /** Reads the earlier part: from the first step on, the files are truncated to the step that the run resumed from. */
  const catchUp = async (before: number): Promise<void> => {
    await replay(folder, figures, { step: before, at: began }).catch(() => undefined)
    step = figures.head()?.metrics.step ?? 0
    const missed = waiting ?? []
    waiting = undefined
    put()
    for (const act of missed) act()
  }
  const pictures: Promise<void>[] = []
  const showPicture = async (file: string): Promise<void> => {
    const svg = await readPicture(folder, file)
    if (svg !== undefined) inTurn(() => show.picture(id, file, svg))
  }
  const inTurn = (act: () => void): void => {
    if (waiting) waiting.push(act)
    else act()
  }
  put()
  run.metrics$.subscribe((metrics) => {
    if (waiting) catching ??= catchUp(metrics.step - 1)
    inTurn(() => {
      step = metrics.step
      show.step(id, metrics)
    })
  })
  run.events$.subscribe((event) => {
    const at = Date.now() / 1000
    inTurn(() => show.event(id, { at, step, event }))
    if (event.type === 'artifact' && isPicture(event.file)) pictures.push(showPicture(event.file))
  })
  const result = await run.result
  await Promise.all(pictures)
  if (waiting) catching ??= catchUp(Number.POSITIVE_INFINITY)
  await catching
  const now = Date.now() / 1000
  if (!isLeft(result)) return show.end(id, 'done', now)
  const { _tag, stage, expected, actual } = result.left
  if (_tag === 'InterruptedError') show.end(id, 'stopped', now)
  else show.end(id, 'failed', now, `${stage}: expected ${expected}, got ${actual}`)
}
