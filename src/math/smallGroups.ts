import type { WeightMatrix } from './weightMatrix.js'

/** Patterns that keep a number of weights in each of many small groups. */

/**
 * Of every `size` weights in a row along the input dimension, the `kept` of the largest magnitude: channels of one pixel
 * of a convolution's kernel, inputs of a linear layer in PyTorch's order. The projection on N:M sparsity.
 *
 * @returns 1 where a weight stays and is not 0
 */
export const perGroup = ({ values, rows, columns, places }: WeightMatrix, size: number, kept: number): Uint8Array => {
  const pixels = places?.count ?? 1
  const channels = rows / pixels
  // A convolution's rows are in this order already; those of a flattened image are not in PyTorch's.
  const rowOf = (input: number): number =>
    places?.of === 'image' ? (input % pixels) * channels + Math.floor(input / pixels) : input
  const mask = new Uint8Array(values.length)
  for (let first = 0; first < rows; first += size) {
    const members = Array.from({ length: Math.min(size, rows - first) }, (_, i) => rowOf(first + i) * columns)
    for (let o = 0; o < columns; o++) {
      const largest = members.map((row) => row + o).sort((a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0))
      for (const index of largest.slice(0, kept)) mask[index] = values[index] === 0 ? 0 : 1
    }
  }
  return mask
}

/** As many shapes as PatDNN's accuracy is best with. */
const SHAPES = 8

/**
 * Each k × k kernel keeps `kept` weights in the shape, of the layer's 8, that leaves it the largest norm. The layer's
 * shapes are those in which most kernels have their largest weights.
 *
 * @param pixels k·k
 * @returns 1 where a weight stays and is not 0
 */
export const kernelShapes = ({ values, rows, columns }: WeightMatrix, pixels: number, kept: number): Uint8Array => {
  /** Kernels lie beside each other: weight p of kernel i is at p·apart + i. */
  const apart = (rows / pixels) * columns
  const square = (kernel: number, pixel: number): number => (values[pixel * apart + kernel] ?? 0) ** 2
  const all = Array.from({ length: pixels }, (_, pixel) => pixel)
  const votes = new Map<number, { readonly shape: readonly number[]; count: number }>()
  for (let kernel = 0; kernel < apart; kernel++) {
    const squares = all.map((pixel) => square(kernel, pixel))
    if (squares.every((value) => value === 0)) continue
    const shape = all.toSorted((a, b) => (squares[b] ?? 0) - (squares[a] ?? 0)).slice(0, kept)
    const bits = shape.reduce((sum, pixel) => sum + 2 ** pixel, 0)
    const known = votes.get(bits)
    if (known) known.count += 1
    else votes.set(bits, { shape, count: 1 })
  }
  // Among equally common ones the smaller bits: the same shapes in whatever order the kernels come.
  const chosen = [...votes]
    .sort(([bits, a], [others, b]) => b.count - a.count || bits - others)
    .slice(0, SHAPES)
    .map(([, { shape }]) => shape)
  const mask = new Uint8Array(values.length)
  for (let kernel = 0; kernel < apart; kernel++) {
    const normOf = (shape: readonly number[]): number => shape.reduce((sum, pixel) => sum + square(kernel, pixel), 0)
    const best = chosen.reduce<{ readonly shape: readonly number[]; readonly norm: number }>(
      (most, shape) => {
        const norm = normOf(shape)
        return norm > most.norm ? { shape, norm } : most
      },
      { shape: [], norm: 0 },
    )
    for (const pixel of best.shape) mask[pixel * apart + kernel] = values[pixel * apart + kernel] === 0 ? 0 : 1
  }
  return mask
}
