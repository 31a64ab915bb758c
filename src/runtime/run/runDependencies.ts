import type { Observable } from 'rxjs'
import type { Position, RunContext } from '../../dsl/context.js'
import type { Parallel } from '../../dsl/op.js'
import type { EngineChoice } from '../../dsl/pipeline/engineChoice.js'
import type { Step } from '../../dsl/step.js'
import { type EngineInfo, loadEngine } from '../../engine/load/loadEngine.js'
import { minibatches } from '../../training/step/minibatches.js'

/** What a run needs besides its pipeline, so that tests of the runtime need no tensors. */
export interface RunDependencies {
  /** Loads the engine; rejects with a `PwoaFailure` if it does not load. */
  readonly loadEngine: (choice: EngineChoice, parallel: Parallel) => Promise<EngineInfo>
  readonly minibatches: (
    context: RunContext,
    options: { readonly batchSize: number; readonly start: Position },
  ) => Observable<Step>
}

/** The dependencies of a real run. */
export const runDependencies: RunDependencies = { loadEngine, minibatches }
