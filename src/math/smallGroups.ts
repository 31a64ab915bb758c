import type { WeightMatrix } from './weightMatrix.js'

/** Patterns that keep a number of weights in each of many small groups. */

/**
 * Projection on N:M sparsity: of every `size` consecutive weights along the input dimension, the `kept` of the largest
 * magnitude stay. That dimension is the channels of one pixel of a convolution's kernel, or the inputs of a linear
 * layer in PyTorch's order.
 *
 * @returns for each weight 1 if it stays and is not 0, else 0
 * Source: Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021.
 */
export const perGroup = ({ values, rows, columns, places }: WeightMatrix, size: number, kept: number): Uint8Array => {
  const pixels = places?.count ?? 1
  const channels = rows / pixels
  // A convolution's rows have this order already; the rows of a flattened image are not in PyTorch's order.
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

/** The number of shapes with which PatDNN is most accurate. */
const SHAPES = 8

/**
 * Kernel patterns: each k × k kernel keeps `kept` weights in one of the layer's 8 shapes, the one that leaves it the
 * largest norm. The shape of a kernel's own `kept` largest weights is its vote; the layer's shapes are the 8 with the
 * most.
 *
 * @param pixels k·k
 * @returns for each weight 1 if it stays and is not 0, else 0
 * Source: Niu et al., "PatDNN", ASPLOS 2020, without its rule that the centre stays.
 */
export const kernelShapes = ({ values, rows, columns }: WeightMatrix, pixels: number, kept: number): Uint8Array => {
  /** Kernels are interleaved: weight p of kernel i is at p·apart + i. */
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
  // Ties go to the smaller bits, so that the shapes do not depend on the order of the kernels.
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
