import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Journal } from '../../dsl/context.js'
import type { Accuracies } from '../../dsl/figures.js'
import type { Attack, AttackSequence, Classifier } from '../common/attack.js'
import type { NormName } from '../common/norms.js'

/** Some test examples; the evaluator frees their tensors. */
export interface TestBatch {
  /** n × height × width × channels, in [0, 1]. */
  readonly images: Tensor4D
  /** One-hot, n × classes. */
  readonly labels: Tensor2D
}

/** Progress of an evaluation. */
export interface EvaluationProgress {
  /** `clean` or the attack's name. */
  readonly attack: string
  /** The attack of a sequence that is running, or the attack itself if it is not a sequence. */
  readonly stage: string
  /** Examples that this stage has finished. Examples in progress count with their finished share. */
  readonly done: number
  /** Examples that this stage attacks. */
  readonly total: number
  /** Robust accuracy so far: the share of all examples that survive. */
  readonly robust: number
  /** Estimate of the seconds that this stage still takes; undefined while there is no estimate. */
  readonly secondsLeft: number | undefined
}

/** The result of a stage. */
export interface StageResult {
  readonly attack: string
  readonly stage: string
  /** Robust accuracy after it. */
  readonly robust: number
  /** Number of examples that it attacked. */
  readonly attacked: number
  /** How many of them it broke. */
  readonly broken: number
  /** How many of the others have no gradient that it could follow: zero or not finite in at least half of its steps. */
  readonly withoutGradient: number
  readonly seconds: number
}

/** What to evaluate, and what receives the results. */
export interface Evaluation {
  readonly classifier: Classifier
  readonly attacks: readonly (Attack | AttackSequence)[]
  /** Indices of the test examples, ascending. */
  readonly indices: Uint32Array
  /** Returns the examples with these indices in new tensors. */
  readonly batchOf: (indices: Uint32Array) => TestBatch
  /** Examples attacked at once. Memory grows with it. */
  readonly batchSize: number
  readonly seed: number
  /** Ends the evaluation between two steps if it is aborted. */
  readonly signal: AbortSignal
  /** What to wait for between two steps, if anything. */
  readonly resting: () => Promise<void> | undefined
  /** Keeps finished batches for a resumed evaluation. */
  readonly journal: Journal
  /** How many adversarial images are kept: those of the first examples that are broken. */
  readonly keepImages: number
  readonly onProgress: (progress: EvaluationProgress) => void
  readonly onStage: (result: StageResult) => void
  readonly onWarning: (message: string) => void
}

/** Which attack of an evaluation broke an example first, if any. */
export interface Outcome {
  /** Index in the test set. */
  readonly index: number
  readonly label: number
  /**
   * The first attack that broke it. A stage of a sequence has its own name, or `sequence/stage` if another attack has the
   * same name. `clean` if the example is misclassified without an attack, null if it survives.
   */
  readonly brokenBy: string | null
  /** Length of the perturbation that broke it, in the norm of that attack; 0 for `clean`, null if it survives. */
  readonly distance: number | null
}

/** An outcome with its adversarial image, for display. */
export interface ShownOutcome extends Outcome {
  /** Norm of the attack that broke it. */
  readonly norm: NormName
  /** Radius of that attack. */
  readonly epsilon: number
  /** Predicted class of the adversarial image. */
  readonly guess: number
  /** height × width × channels. */
  readonly adversarial: Float32Array
}

/** The result of an evaluation. */
export interface EvaluationResult {
  readonly accuracies: Accuracies
  /** One for each example, in the order of the indices. */
  readonly outcomes: readonly Outcome[]
  /** The first broken examples, with their images. */
  readonly shown: readonly ShownOutcome[]
}
