import type { CurvePoints } from '../report/curves.js'
import type { RunPlan } from '../report/runRecord.js'
import type { RunFacts, RunHead, WeightsAt } from '../report/runView.js'
import type { PointParams } from '../runtime/records/sweepFiles.js'

/** What a page is told of a run: all of it, or what has changed. */
export interface RunUpdate {
  readonly id: string
  /** Which of several runs it is. */
  readonly label: string
  /** Its parameters and its seed, where it is a point of a sweep. */
  readonly params?: PointParams
  /** Whether it can be paused and stopped from here. */
  readonly control: 'here' | 'none'
  readonly plan?: RunPlan
  readonly facts?: RunFacts
  readonly head?: RunHead
  readonly curves?: CurvePoints
  readonly weights?: readonly WeightsAt[]
  /** Pictures of adversarial examples, SVG in base64, by the names of their files. */
  readonly pictures?: Readonly<Record<string, string>>
}

/** A message to a page. `all` stands for itself; `changes` come on top of what the page has. */
export interface PageMessage {
  readonly kind: 'all' | 'changes'
  readonly title: string
  /** The run that is told of in full; of the others comes what stands in a table and a chart of all. */
  readonly shown: string | undefined
  readonly runs: readonly RunUpdate[]
}

/** What a page can ask of a run. */
export const controls = ['pause', 'proceed', 'stop'] as const

export type Control = (typeof controls)[number]
