import type { Phase } from './phases.js'

/** Fractions of correctly classified examples, without an attack and under each of them. */
export interface Accuracies {
  readonly clean: number
  readonly attacks: Readonly<Record<string, number>>
  /** Number of test examples behind the fractions. */
  readonly examples: number
  /** More about each attack. */
  readonly details?: Readonly<Record<string, AttackDetails>>
}

/** How an attack's figure came about. */
export interface AttackDetails {
  /** Robust accuracy after each of its stages, in order: the attacks of AutoAttack, or the attack itself. */
  readonly stages: Readonly<Record<string, number>>
  readonly seconds: number
  /** Mean length of the perturbations that broke an example, in the attack's norm; left out where none did. */
  readonly meanDistance?: number
}

/** Parameters of a network: all of them, those that pruning may touch, and how many of each are not zero. */
export interface ParameterCounts {
  readonly total: number
  readonly kept: number
  readonly prunable: number
  readonly prunableKept: number
  /** Floating-point operations of one image's forward pass, two per multiply-accumulate. */
  readonly flops: number
  /** The same without those of weights that are 0: what an engine that skips zeros would do. */
  readonly flopsKept: number
}

/** The weights of one layer as they are at a moment. */
export interface LayerWeights {
  readonly name: string
  readonly size: number
  /** How many of them are exactly 0. */
  readonly zeros: number
  /** The histogram goes from −bound to bound: the largest magnitude. 0 for a layer of zeros. */
  readonly bound: number
  /** Share of the weights that are not 0, in bins of one width; of an evenly spaced part of them in a large layer. */
  readonly histogram: readonly number[]
}

/** Where a run, or a part of one, was computed. */
export interface Environment {
  readonly pwoa: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  /** In bytes. */
  readonly memory: number
}

/** How large a layer is, and what one image costs. */
export interface LayerSize {
  /** The layer's id. */
  readonly layer: string
  readonly parameters: number
  /** Parameters that are not 0. */
  readonly nonZero: number
  /** Floating-point operations of one image's forward pass, two per multiply-accumulate, zeros included. */
  readonly flops: number
  /** Of its parameters and statistics in a file, 4 for each. */
  readonly bytes: number
  /** The same where zeros are left out: a bit for each number, and 4 bytes for those that are not 0. */
  readonly sparseBytes: number
}

/** The layers of a network, in order, before and after it was made smaller. */
export interface NetworkSizes {
  readonly before: readonly LayerSize[]
  readonly after: readonly LayerSize[]
  /** Operations of one image's pass through the smaller network, without those of weights that are 0. */
  readonly flopsKept?: number
}

/** How long a network in use takes for a batch of images. */
export interface Latencies {
  /** Seconds of a whole pass, as the engine runs it. */
  readonly whole: number
  /** Of each layer by itself, in order: they don't add up to the whole. */
  readonly layers: readonly { readonly layer: string; readonly seconds: number }[]
}

/** How long a network takes before and after it was made smaller. */
export interface NetworkLatency {
  /** In the batch that was timed. */
  readonly images: number
  readonly before: Latencies
  readonly after: Latencies
}

/** What happens in a run, other than single training steps. */
export type RunEvent =
  | { readonly type: 'environment'; readonly environment: Environment }
  | { readonly type: 'engine'; readonly name: string; readonly description: string }
  | {
      readonly type: 'data'
      readonly name: string
      readonly origin: 'original' | 'synthetic' | 'recompressed'
      readonly train: number
      readonly test: number
    }
  | { readonly type: 'phase'; readonly stage: string; readonly phase: Phase; readonly epochs: number }
  | {
      readonly type: 'epoch'
      readonly stage: string
      readonly phase: Phase
      readonly epoch: number
      readonly epochs: number
      /** Mean over the epoch's minibatches. */
      readonly loss: number
      readonly terms: Readonly<Record<string, number>>
      readonly seconds: number
    }
  | {
      /** An update of ADMM's Z and U. */
      readonly type: 'admm'
      /** Epoch of the phase that begins with it, from 0. */
      readonly epoch: number
      /** ρ from here on. */
      readonly rho: number
      /** ‖W − Z‖₂ over the pruned layers: how far the weights are from sparse ones. */
      readonly primal: number
      /** ρ‖Z − Z before‖₂, with the ρ of the epochs before; 0 at the first update. */
      readonly dual: number
    }
  | {
      /** The weights of convolutions and linear layers, after an epoch. */
      readonly type: 'weights'
      readonly phase: Phase
      readonly epoch: number
      readonly layers: readonly LayerWeights[]
    }
  | { readonly type: 'parameters'; readonly counts: ParameterCounts }
  | { readonly type: 'sizes'; readonly sizes: NetworkSizes }
  | { readonly type: 'latency'; readonly latency: NetworkLatency }
  | {
      readonly type: 'evaluating'
      readonly subject: 'before' | 'after' | 'epoch'
      /** `clean` or the attack's name. */
      readonly attack: string
      /** Which attack of AutoAttack is at work; the attack itself where it stands alone. */
      readonly stage: string
      /** Examples that the stage has done, in parts of one while it is at them; and all that it was given. */
      readonly done: number
      readonly total: number
      /** Robust accuracy so far: the share of all examples that still stand. */
      readonly robust: number
      /** Seconds left of this stage; undefined while nothing can be said. */
      readonly secondsLeft: number | undefined
    }
  | {
      readonly type: 'attacked'
      readonly subject: 'before' | 'after' | 'epoch'
      readonly attack: string
      readonly stage: string
      /** Robust accuracy after the stage. */
      readonly robust: number
      /** Examples that the stage was given, and how many of them it broke. */
      readonly attacked: number
      readonly broken: number
      readonly seconds: number
    }
  | { readonly type: 'evaluation'; readonly subject: 'before' | 'after' | 'epoch'; readonly accuracies: Accuracies }
  | {
      readonly type: 'checkpoint'
      readonly file: string
      /** What all checkpoints of this process have taken so far, also beside the training. */
      readonly spentSeconds: number
    }
  | { readonly type: 'artifact'; readonly file: string }
  | { readonly type: 'paused' }
  | { readonly type: 'continued' }
  | { readonly type: 'warning'; readonly stage: string; readonly message: string }

/** A line of `events.jsonl`: an event, when it was, and after how many training steps. */
export interface LoggedEvent {
  /** Seconds since 1970. */
  readonly at: number
  /** Training steps done before it, counted as `TrainingMetrics.step` does. */
  readonly step: number
  readonly event: RunEvent
}
