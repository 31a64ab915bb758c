import type { RunEvent } from '../dsl/events.js'
import type { TrainingMetrics } from '../dsl/step.js'
import type { Stretch } from './runView.js'
import { makeThinned } from './thinned.js'

/** The stretches of a run's time: phases of training, evaluations and pauses, one after the other. */
export interface Timeline {
  /** @param at seconds since 1970 */
  readonly event: (event: RunEvent, at: number) => void
  readonly step: (metrics: TrainingMetrics) => void
  /** Nothing goes on any more. @param at where it is left out, the last event's time */
  readonly end: (at?: number) => void
  readonly stretches: () => readonly Stretch[]
}

/** A run that is evaluated after every epoch has hundreds; neighbours of one kind are told apart by their times. */
const MOST = 400

type What = Pick<Stretch, 'kind' | 'label'>

/** Nothing has happened yet. */
export const makeTimeline = (): Timeline => {
  const closed = makeThinned<Stretch>(MOST)
  let open: (What & { readonly from: number }) | undefined
  let phase: string | undefined
  let before: What | undefined
  let latest = 0
  let behind = 0

  /** A clock that is set back, or another machine's: time goes on from the latest that was told. */
  const steady = (at: number): number => {
    behind = Math.max(behind, latest - at)
    return at + behind
  }
  const end = (at = latest): void => {
    if (open) closed.add({ ...open, to: at })
    open = undefined
  }
  const begin = (what: What, at: number): void => {
    if (open?.kind === what.kind && open.label === what.label) return
    end(at)
    open = { ...what, from: at }
  }
  const handlers: { readonly [T in RunEvent['type']]?: (event: Extract<RunEvent, { type: T }>, at: number) => void } = {
    // A part of the run that was cut off ended at its last sign of life.
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
  }
  return {
    event: (event, told) => {
      const at = steady(told)
      // Each handler takes the events of its own type: the record's type says so, but not to an index by a union.
      const handler = handlers[event.type] as ((event: RunEvent, at: number) => void) | undefined
      handler?.(event, at)
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
