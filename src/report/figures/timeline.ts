import type { RunEvent } from '../../dsl/events.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import type { Stretch } from './runView.js'
import { makeThinned } from './thinned.js'

/** A run's time as stretches: phases of training, evaluations and pauses, one after another. */
export interface Timeline {
  /** Adds an event. @param at seconds since 1970 */
  readonly event: (event: RunEvent, at: number) => void
  readonly step: (metrics: TrainingMetrics) => void
  /** Ends the current stretch. @param at seconds since 1970. @default the time of the last event */
  readonly end: (at?: number) => void
  readonly stretches: () => readonly Stretch[]
}

/** Largest number of stretches; a run with an evaluation after every epoch has hundreds. */
const MOST = 400

type Activity = Pick<Stretch, 'kind' | 'label'>

/** An empty timeline. */
export const makeTimeline = (): Timeline => {
  const closed = makeThinned<Stretch>(MOST)
  let open: (Activity & { readonly from: number }) | undefined
  let phase: string | undefined
  let before: Activity | undefined
  let latest = 0
  let lag = 0

  /**
   * Makes time monotonic, although a clock may be set back or be another machine's: it continues from the latest time.
   */
  const steady = (at: number): number => {
    lag = Math.max(lag, latest - at)
    return at + lag
  }
  const end = (at = latest): void => {
    if (open) closed.add({ ...open, to: at })
    open = undefined
  }
  const begin = (activity: Activity, at: number): void => {
    if (open?.kind === activity.kind && open.label === activity.label) return
    end(at)
    open = { ...activity, from: at }
  }
  const record = dispatchSome<RunEvent, [at: number], void>({
    // A new process: the part of the run before it ended at its last event.
    environment: () => end(),
    phase: (event, at) => {
      phase = event.phase
      begin({ kind: 'phase', label: phase }, at)
    },
    evaluating: ({ subject }, at) => begin({ kind: 'evaluation', label: subject }, at),
    evaluation: (_event, at) => {
      if (open?.kind === 'evaluation') end(at)
    },
    paused: (_event, at) => {
      before = open
      begin({ kind: 'pause', label: 'paused' }, at)
    },
    continued: (_event, at) => {
      end(at)
      if (before) begin({ kind: before.kind, label: before.label }, at)
    },
  })
  return {
    event: (event, reported) => {
      const at = steady(reported)
      record(event, at)
      latest = at
    },
    step: (metrics) => {
      phase = metrics.phase
      if (!open && latest > 0) begin({ kind: 'phase', label: phase }, latest)
    },
    end: (at) => end(at === undefined ? undefined : steady(at)),
    stretches: () => [...closed.values(), ...(open ? [{ ...open, to: undefined }] : [])],
  }
}
