/** A network as the steps of a C function: what is computed, on images in memory (rows, columns, channels). */
import type { ImageShape } from '../../../dsl/dataset.js'
import type { Pair } from '../../../dsl/kit/extent.js'
import type { Nonlinearity } from '../../../models/activations/nonlinearity.js'

interface StepPlace {
  /** Names of the layers that it computes, for comments. */
  readonly name: string
  /** Ids of the values that it reads. */
  readonly inputs: readonly string[]
  /** Id of the value that it writes. */
  readonly result: string
  /** The shape of the first input. A vector is an image of one pixel. */
  readonly from: ImageShape
  readonly to: ImageShape
}

/** The windows of a convolution or of pooling, in pixels. */
interface Windows {
  readonly kernel: Pair
  readonly stride: Pair
  /** Rows above and columns before the image. */
  readonly padding: Pair
}

/** Weighed sums: a convolution, a linear layer, or a scale and shift of each channel. */
export interface SumsStep extends StepPlace, Windows {
  readonly type: 'sums'
  readonly groups: number
  /** Outputs × (rows × columns × channels of a group), row-major. */
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly activation: 'linear' | 'relu'
}

/** The largest value or the mean of each window. */
export interface PoolStep extends StepPlace, Windows {
  readonly type: 'pool'
  readonly of: 'largest' | 'mean'
  /** How many pixels of the padding count for a mean, at each side: all, or none. */
  readonly margin: Pair
}

/** What a {@link MapStep} does to each number. */
export type Mapping = Nonlinearity | { readonly type: 'relu' } | { readonly type: 'scale'; readonly factor: number }

/** A function of each number. */
export interface MapStep extends StepPlace {
  readonly type: 'map'
  readonly function: Mapping
}

/** An image with more pixels at its sides. */
export interface PadStep extends StepPlace {
  readonly type: 'pad'
  readonly top: number
  readonly left: number
  readonly value: number
}

/** The sum of two or more inputs. */
export interface AddStep extends StepPlace {
  readonly type: 'add'
}

/** What is computed from some values and written as another. */
export type Step = SumsStep | PoolStep | MapStep | PadStep | AddStep

/** A network as steps; the last one writes the logits. */
export interface Program {
  readonly name: string
  readonly input: ImageShape
  readonly classes: number
  readonly steps: readonly Step[]
}

/** Numbers of an image. */
export const sizeOf = ({ height, width, channels }: ImageShape): number => height * width * channels

/** Multiply-accumulates of an image with all weights, and with those that are not zero. */
export const operationsOf = (step: Step): { readonly dense: number; readonly kept: number } => {
  if (step.type !== 'sums') return { dense: 0, kept: 0 }
  const pixels = step.to.height * step.to.width
  return {
    dense: pixels * step.weights.length,
    kept: pixels * nonZeros(step.weights),
  }
}

/** How many numbers are not zero. */
export const nonZeros = (values: Iterable<number>): number => {
  let count = 0
  for (const value of values) if (value !== 0) count++
  return count
}
