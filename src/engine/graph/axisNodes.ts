import { float, int32, type Value } from './graphNodes.js'
import { LayerNodes } from './layerNodes.js'

/** Adds operations that join, split and move the entries of one axis. */
export class AxisNodes extends LayerNodes {
  /** Concatenates along the first axis. */
  concat(values: readonly Value[]): Value {
    return this.#join(values, 0)
  }

  /** Concatenates matrices side by side. */
  beside(values: readonly Value[]): Value {
    return this.#join(values, 1)
  }

  /** The inverse of `concat`. @param sizes along the first axis, a vector of `count` numbers */
  split(x: Value, sizes: Value, count: number): readonly Value[] {
    if (count === 1) return [x]
    const node = this.operation('SplitV', [x, sizes, this.constant([0], [])], {
      T: float,
      Tlen: int32,
      num_split: { i: count },
    })
    return Array.from({ length: count }, (_, i) => `${node}:${i}`)
  }

  /** Splits the channels of images, or the outputs of filters, into equal parts. */
  splitChannels(x: Value, count: number): readonly Value[] {
    const node = this.operation('Split', [this.constant([3], []), x], { T: float, num_split: { i: count } })
    return Array.from({ length: count }, (_, i) => `${node}:${i}`)
  }

  /** The inverse of `splitChannels`. */
  joinChannels(values: readonly Value[]): Value {
    return this.#join(values, 3)
  }

  /** Concatenates along the last axis. @param rank number of axes */
  joinLast(values: readonly Value[], rank: number): Value {
    return this.#join(values, rank - 1)
  }

  /** Entries of the last axis that follow each other. */
  sliceLast(x: Value, rank: number, begin: number, size: number): Value {
    const all = (value: number): number[] => new Array<number>(rank - 1).fill(value)
    const [from, sizes] = [this.integers([...all(0), begin]), this.integers([...all(-1), size])]
    return this.operation('Slice', [x, from, sizes], { T: float, Index: int32 })
  }

  /** Zeros before and after the entries of the last axis. */
  padLast(x: Value, rank: number, before: number, after: number): Value {
    const sides = this.constant([...new Array<number>(2 * rank - 2).fill(0), before, after], [rank, 2])
    // Not by `Pad`: TensorFlow takes its zeros for those of a convolution after it, which has none between channels.
    return this.operation('PadV2', [x, sides, this.number(0)], { T: float, Tpaddings: int32 })
  }

  /** Chosen entries of the last axis. */
  gatherLast(x: Value, rank: number, places: readonly number[]): Value {
    return this.operation('GatherV2', [x, this.integers(places), this.constant([rank - 1], [])], {
      Tparams: float,
      Tindices: int32,
      Taxis: int32,
      batch_dims: { i: 0 },
    })
  }

  #join(values: readonly Value[], axis: number): Value {
    const [first = '', ...others] = values
    if (others.length === 0) return first
    return this.operation('ConcatV2', [...values, this.constant([axis], [])], {
      T: float,
      N: { i: values.length },
      Tidx: int32,
    })
  }
}
