import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import * as t from 'io-ts'
import type { Position, RunContext } from './context.js'
import { objectCodec, optionalCodec, recordCodec } from './kit/codecOf.js'
import { amountCodec, countCodec, finiteCodec } from './kit/figureCodecs.js'
import { Phase } from './phases.js'

/**
 * A lent minibatch. Its tensors live until it is handed back: when the synchronous part of the pipeline has returned
 * or, if a stage holds it, when the last holder lets go. Reading its tensors after that throws.
 */
export interface Minibatch {
  /** Passes over the training set before this one, from 0. */
  readonly epoch: number
  /** Position in the epoch, from 0. */
  readonly batch: number
  /** Minibatches in an epoch; the last may be smaller than the others. */
  readonly batches: number
  /** When its assembly began, in milliseconds of `performance.now()`: the start of a step's time. */
  readonly began: number
  /** Number of examples n. */
  readonly size: number
  /** Position of each example in the training split. */
  readonly indices: Uint32Array
  /** Whether the images are those of the data set: no stage has perturbed or replaced them. */
  readonly unchanged: boolean
  /**
   * How many variants of each example there are: blocks of size / views examples in the same order, the natural images
   * first. Batch normalisation in training treats each block separately.
   */
  readonly views: number
  /** n × height × width × channels, in [0, 1]. */
  readonly images: Tensor4D
  /** One-hot, n × classes. */
  readonly labels: Tensor2D
  /** Keeps the minibatch alive after the synchronous part; the returned function lets go of it (idempotent). */
  readonly hold: () => () => void
  /**
   * The same loan with other images and labels (by default its own), which it owns and frees at its end. By default,
   * the number of views stays if the number of images does, and is 1 otherwise.
   */
  readonly withImages: (images: Tensor4D, labels?: Tensor2D, views?: number) => Minibatch
}

/** What flows through a pipeline. Stages add fields to it; see `Op`. */
export interface Step {
  readonly run: RunContext
  readonly minibatch: Minibatch
}

/**
 * The values of a stochastic head for a minibatch: a sample z of e(z|x), the mean μ and, if it is learned, the
 * log-variance of e(z|x), and the mean of b(z|y) of a head that reads labels.
 */
export type LatentValue = 'sample' | 'mean' | 'logVariance' | 'classMean'

/** Something for each value of a head; empty without a head. */
export type Latent<T> = Readonly<Partial<Record<LatentValue, T>>>

/** A network's outputs for a minibatch: logits n × classes, and the hidden activations after each ReLU or
 * other element-wise function. */
export interface NetworkOutputs {
  readonly logits: Tensor2D
  readonly hidden: readonly Tensor[]
  /** Of a network with a stochastic head, n × size each; see `vib` and `ceb`. */
  readonly latent?: Latent<Tensor2D>
}

/** The outputs of the forward pass in training, for loss terms. */
export interface TrainedOutputs extends NetworkOutputs {
  /** Outputs of a network that is trained beside the student, for the first view of the minibatch; see `lbgat`. */
  readonly guide?: NetworkOutputs
}

/** What a loss term may read before the student's forward pass. */
export interface TermBatch {
  readonly images: Tensor4D
  readonly labels: Tensor2D
  readonly phase: Phase
  /** Variants of each example among the images; see `Minibatch`. */
  readonly views: number
  /** Position of each example in the training split; undefined if a stage has changed the images. */
  readonly indices: Uint32Array | undefined
}

/**
 * A named summand of the training loss. `bind` runs once per step, without gradients (the teacher's logits, the kernels
 * of X and Y); the function that it returns runs in the one differentiated forward pass and returns a scalar.
 */
export interface LossTerm {
  readonly name: string
  /** The phases in which the term acts. */
  readonly phases: readonly Phase[]
  /** From what is known before the forward pass to the function that computes the summand. */
  readonly bind: (batch: TermBatch) => (outputs: TrainedOutputs) => Scalar
  /** Standard normal numbers for a stochastic head in a step of this term. @default none: the head uses its mean */
  readonly noise?: (count: number) => Float32Array
}

/** Added by loss stages. The terms of several stages are merged; each name may occur once. */
export interface HasTerms {
  readonly terms: readonly LossTerm[]
}

const stepMetrics = objectCodec({
  phase: Phase,
  /** Epoch within the phase, from 0. */
  epoch: countCodec,
  /** Epochs of the phase. */
  epochs: countCodec,
  /** Position in the epoch, from 0. */
  batch: countCodec,
  /** Minibatches of an epoch. */
  batches: countCodec,
  /** Steps done in the whole stage, this one included. */
  step: countCodec,
  /** Steps that the whole stage will do. */
  steps: countCodec,
  learningRate: finiteCodec,
  /** The whole loss of this minibatch, ADMM penalty included. */
  loss: finiteCodec,
  /** Each term's share of `loss`, by its name. */
  terms: recordCodec(finiteCodec),
  /** Wall time of the step, from when its minibatch was put together: earlier stages count, such as an attack. */
  seconds: amountCodec,
})

const ownMetrics = optionalCodec({
  /** Figures of your own, by the names that `metric` gives them. */
  metrics: recordCodec(finiteCodec),
})

const trainingMetrics = t.intersection([stepMetrics, ownMetrics])

/** One training step in numbers, a line of `metrics.jsonl`. Never NaN: a loss that is not finite ends the run. */
export interface TrainingMetrics extends t.TypeOf<typeof trainingMetrics> {}

/** The codec of {@link TrainingMetrics}. */
export const TrainingMetrics: t.Type<TrainingMetrics> = trainingMetrics

/** Added by the stages that train. */
export interface HasTraining {
  readonly training: TrainingMetrics
}

/** Added by `limit`. */
export interface HasLimit {
  /** How many steps each phase of training takes at most. */
  readonly limit: { readonly steps: number }
}

/** The minibatch after this one. */
export const nextPosition = ({ epoch, batch, batches }: Minibatch): Position =>
  batch + 1 < batches ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 }

/** The same step with another minibatch, for stages that change images: `enrich` adds fields but changes none. */
export const withMinibatch = <S extends Step>(step: S, minibatch: Minibatch): S => ({ ...step, minibatch })
