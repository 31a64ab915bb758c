import type { RunEvent } from './events.js'

/** A line of `events.jsonl`: an event, when it was, and after how many training steps. */
export interface LoggedEvent {
  /** Seconds since 1970. */
  readonly at: number
  /** Training steps done before it, counted as `TrainingMetrics.step` does. */
  readonly step: number
  readonly event: RunEvent
}
