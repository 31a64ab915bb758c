import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, rowMajor, shapeText } from '../graph/tensor.js'

/** The shape of two values that are broadcast over each other. */
export const broadcast = (node: NodeReader, left: readonly number[], right: readonly number[]): readonly number[] => {
  const rank = Math.max(left.length, right.length)
  const [a, b] = [left, right].map((dims) => [...new Array<number>(rank - dims.length).fill(1), ...dims])
  return Array.from({ length: rank }, (_, axis) => {
    const [x = 1, y = 1] = [a?.[axis], b?.[axis]]
    if (x !== y && x !== 1 && y !== 1)
      node.refuse('constants that can be broadcast over each other', `${shapeText(left)} and ${shapeText(right)}`)
    return x === 1 ? y : x
  })
}

/** For each entry of a shape, row-major, the position of what is broadcast over it. */
export const spread = (from: readonly number[], over: readonly number[]): readonly number[] => {
  const steps = rowMajor(from).map((step, axis) => (from[axis] === 1 ? 0 : step))
  const strides = rowMajor(over)
  return Array.from({ length: countOf(over) }, (_, i) =>
    steps.reduce((sum, step, axis) => {
      const along = over.length - from.length + axis
      return sum + step * (Math.floor(i / (strides[along] ?? 1)) % (over[along] ?? 1))
    }, 0),
  )
}
