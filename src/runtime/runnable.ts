import type { Pipeline } from '../dsl/pipeline.js'
import type { Step } from '../dsl/step.js'
import type { Comparison } from './comparison.js'
import type { Sweep } from './sweep/sweepTypes.js'

/** What a pipeline file describes: one run, several in turn for one table, or many. */
export type Runnable = Pipeline<Step> | Comparison | Sweep
