import type { NodeReader } from '../graph/nodeReader.js'
import { shapeText } from '../graph/tensor.js'
import { attributeOrInput, knownIn, numbersIn } from './numbers.js'

/** The most parts of a split. */
const MOST = 1024

/** The sizes of the parts that a `Split` or a `SplitToSequence` makes of an axis. @param what its entries are */
export const partSizes = (node: NodeReader, extent: number, what = 'entries'): readonly number[] => {
  const sizes = node.operator === 'Split' ? splitSizes(node, extent) : sequenceSizes(node, extent)
  const sum = sizes.reduce((all, size) => all + size, 0)
  const parts = node.operator === 'Split' ? node.outputs : sizes.length
  if (sizes.length !== parts || sizes.some((size) => !(size >= 1)) || sum !== extent)
    node.refuse(`sizes of ${parts} parts of ${extent} ${what}`, shapeText(sizes.slice(0, 16)))
  return sizes
}

const splitSizes = (node: NodeReader, extent: number): readonly number[] => {
  const { outputs } = node
  const each = Math.ceil(extent / outputs)
  return (
    attributeOrInput(node, 'split', 1) ?? Array.from({ length: outputs }, (_, i) => Math.min(each, extent - i * each))
  )
}

/** One number is the size of all parts but perhaps the last. */
const sequenceSizes = (node: NodeReader, extent: number): readonly number[] => {
  if (!node.optional(1)) return node.refuse('sizes of parts as input 2', 'none')
  const sizes = knownIn(node, 1)
  const [size = 0] = sizes
  if (numbersIn(node, 1).dims.length > 0) return sizes
  return size >= 1 && extent / size <= MOST
    ? chunks(extent, size)
    : node.refuse(`at most ${MOST} parts`, `size ${size}`)
}

const chunks = (extent: number, size: number): readonly number[] =>
  Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size))
