import type { CurvePoints } from '../report/figures/curves.js'
import type { RunPlan } from '../report/figures/runRecord.js'
import type { RunFacts, RunHead, WeightsAt } from '../report/figures/runView.js'
import type { PointParams } from '../runtime/records/sweepFiles.js'

/** The part of a message about one run: everything, or what has changed. */
export interface RunUpdate {
  readonly id: string
  /** Its name among several runs. */
  readonly label: string
  /** Its parameters and seed if it is a point of a sweep. */
  readonly params?: PointParams
  /** Whether this process can pause and stop it. */
  readonly control: 'here' | 'none'
  readonly plan?: RunPlan
  readonly facts?: RunFacts
  readonly head?: RunHead
  readonly curves?: CurvePoints
  readonly weights?: readonly WeightsAt[]
  /** Pictures of adversarial examples, SVG in base64, by file name. */
  readonly pictures?: Readonly<Record<string, string>>
}

/** A message to a page. `all` replaces what the page has; `changes` add to it. */
export interface PageMessage {
  readonly kind: 'all' | 'changes'
  readonly title: string
  /** Id of the run that is sent in full; the others are sent in brief, see `inBrief`. */
  readonly shown: string | undefined
  readonly runs: readonly RunUpdate[]
}

/** The commands that a page can send to a run. */
export const controls = ['pause', 'proceed', 'stop'] as const

/** One of {@link controls}. */
export type Control = (typeof controls)[number]
