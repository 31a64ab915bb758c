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

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** `clean` or the attack's name. */
  readonly attack: string
  /** The attack of a sequence that is at work; the attack itself where it stands alone. */
  readonly stage: string
  /** Examples that this stage has done, a part of one for each that it is at; and all that it will do. */
  readonly done: number
  readonly total: number
  /** Robust accuracy so far: the share of all examples that still stand. */
  readonly robust: number
  /** Seconds left of this stage; undefined while nothing can be said. */
  readonly secondsLeft: number | undefined
}

/** What a stage came to. */
export interface StageResult {
  readonly attack: string
  readonly stage: string
  /** Robust accuracy after it. */
  readonly robust: number
  /** Examples that it was given, and how many of them it broke. */
  readonly attacked: number
  readonly broken: number
  readonly seconds: number
}

export interface Evaluation {
  readonly classifier: Classifier
  readonly attacks: readonly (Attack | AttackSequence)[]
  /** Indices of the test examples, ascending. */
  readonly indices: Uint32Array
  /** Makes the examples of these indices. */
  readonly batchOf: (indices: Uint32Array) => TestBatch
  /** Examples attacked at once: memory grows with it. */
  readonly batchSize: number
  readonly seed: number
  readonly signal: AbortSignal
  /** What to wait for before going on, if anything. */
  readonly resting: () => Promise<void> | undefined
  readonly journal: Journal
  /** Keeps the adversarial images of the first so many examples that break. */
  readonly keepImages: number
  readonly onProgress: (progress: EvaluationProgress) => void
  readonly onStage: (result: StageResult) => void
  readonly onWarning: (message: string) => void
}

/** What became of an example under all attacks of an evaluation. */
export interface Outcome {
  /** In the test set. */
  readonly index: number
  readonly label: number
  /**
   * The first attack that broke it, a sequence's stages by their own names, or as `sequence/stage` where another attack
   * has the same; `clean` where none was needed, null for none.
   */
  readonly brokenBy: string | null
  /** Length of the perturbation that broke it, in that attack's norm; 0 for `clean`. */
  readonly distance: number | null
}

/** An adversarial image to show. */
export interface ShownOutcome extends Outcome {
  /** The threat model of the attack that broke it. */
  readonly norm: NormName
  readonly epsilon: number
  /** What the adversarial image is taken for. */
  readonly guess: number
  /** height × width × channels. */
  readonly adversarial: Float32Array
}

export interface EvaluationResult {
  readonly accuracies: Accuracies
  /** In the order of the indices. */
  readonly outcomes: readonly Outcome[]
  readonly shown: readonly ShownOutcome[]
}
