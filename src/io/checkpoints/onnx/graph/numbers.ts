import type { Dtype } from '../../tensors/dtype.js'
import type { Activations } from './networkBuilder.js'

/** An entry of a shape: a number, or the size of the batch, which each run chooses. */
export type Extent = number | 'batch'

/** A few numbers, row-major. */
export interface Numbers {
  readonly dims: readonly number[]
  readonly values: readonly Extent[]
  /** Their type: division of whole numbers has no fractions. */
  readonly dtype: Dtype
}

/** A function of some activations, by its values on a grid. */
export interface FunctionOf {
  /** The same for all functions of the same activations. */
  readonly key: unknown
  readonly source: () => Activations
  readonly values: Float64Array
  /** A linear layer that makes the activations, with a factor as its part. */
  readonly scaled?: (factor: number) => Activations
  /** How many functions have to become layers before the source is one. */
  readonly depth: number
}

/** The values if the batch is not among them. */
export const numbersOnly = (values: readonly Extent[]): readonly number[] | undefined => {
  const known = values.filter((value) => typeof value === 'number')
  return known.length === values.length ? known : undefined
}
