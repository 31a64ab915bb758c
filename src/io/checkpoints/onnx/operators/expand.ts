import type { NodeReader } from '../graph/nodeReader.js'
import { shapeText } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { extentsIn } from '../values/arranged.js'
import { isNumbers, numbersIn } from '../values/numbers.js'

/** `Expand` of one number for each channel to an image, before a product, which does so by itself. */
export const expand = (node: NodeReader): Value => {
  const of = node.value(0)
  if (isNumbers(of)) return node.refuse('the output of a layer', node.described(0))
  const [own, wanted] = [extentsIn(node), numbersIn(node, 1).values]
  // Both may be 1, where the other one counts.
  const fits = (extent: number | 'batch', other: number | 'batch'): boolean =>
    extent === other || extent === 1 || other === 1 || (extent === 'batch' && other === node.batch)
  if (own.length !== wanted.length || !own.every((extent, axis) => fits(extent, wanted[axis] ?? 0)))
    node.refuse(`a shape that ${shapeText(own)} can be expanded to`, shapeText(wanted.slice(0, 16)))
  const isLarger = own.some((extent, axis) => axis > 0 && extent === 1 && wanted[axis] !== 1)
  if (!isLarger) return of
  return {
    kind: 'draft',
    draft: 'spread',
    of,
    settle: () => node.refuse('a product with an image after it', 'another operator'),
  }
}
