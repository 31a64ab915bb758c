import type { NodeReader } from '../graph/nodeReader.js'
import type { Value } from '../graph/value.js'
import { axesOf } from '../values/arranged.js'
import { draftOf } from '../values/drafts.js'
import { type Movement, movedIn } from '../values/moved.js'
import { isNumbers, numbersIn } from '../values/numbers.js'

/**
 * An operator that takes a part of activations: of the channels of images, by `read`; or of numbers in any other shape, by
 * `move`, and by one index, which drops the axis.
 */
export const partOr =
  <V extends Value | readonly Value[]>(
    move: (node: NodeReader, before: Movement) => V,
    read: (node: NodeReader) => V,
  ) =>
  (node: NodeReader): V => {
    const value = node.value(0)
    const arranged = draftOf(value, 'arranged')
    const isOther =
      draftOf(value, 'moved') !== undefined || (arranged !== undefined && axesOf(node, arranged) === undefined)
    const before = isOther || isOneIndex(node) ? movedIn(node) : undefined
    return before ? move(node, before) : read(node)
  }

const isOneIndex = (node: NodeReader): boolean => {
  const index = node.optional(1)
  return node.operator === 'Gather' && index !== undefined && isNumbers(index) && numbersIn(node, 1).dims.length === 0
}
