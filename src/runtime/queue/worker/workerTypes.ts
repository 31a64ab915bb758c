import type { QueueView } from '../admin/queueView.js'
import type { QueueUrl } from '../queueUrl.js'
import type { AllowedFiles } from './knownFile.js'
import type { PerformOptions, Verdict } from './performJob.js'

/** What a worker may run, and where it keeps the runs. */
export interface WorkerOptions extends PerformOptions, AllowedFiles {
  readonly url: QueueUrl
  /** Seconds without a sign of life after which another worker takes over a job. */
  readonly lease: number
  /** Called with a message for each thing that the worker does. */
  readonly say: Say
  /** Called when a point ends here. */
  readonly onEnd?: (end: PointEnd) => void
  /** Ends the wait for Redis at the start. */
  readonly signal?: AbortSignal
}

/** What a message of a worker is about, for programs. */
export interface LogFacts {
  /** The sweep's id. */
  readonly sweep?: string
  /** The point's key. */
  readonly point?: string
  /** What happened to the point. */
  readonly event?: 'begun' | Verdict['type']
  /** How long the point was here. */
  readonly seconds?: number
}

/** Takes a message, with what it is about. */
export type Say = (message: string, facts?: LogFacts) => void

/** The end of a point on a worker. */
export interface PointEnd {
  readonly verdict: Verdict['type']
  /** How long it was here. */
  readonly seconds: number
}

/** A worker that takes jobs. */
export interface RunningWorker {
  /** Whether Redis answers, and the worker takes points. */
  readonly isReady: () => boolean
  /** How many points it runs. */
  readonly running: () => number
  /** The memory that the processes of its points hold, in bytes. */
  readonly memory: () => number
  /** The sweeps in the queue. */
  readonly view: () => Promise<QueueView>
  /** Saves the points that are running, returns their jobs to the queue, and closes the worker. */
  readonly stop: () => Promise<void>
}
