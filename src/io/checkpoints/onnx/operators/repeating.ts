import type { NodeReader } from '../graph/nodeReader.js'
import { shapeText } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { extentsIn } from '../values/arranged.js'
import { activations } from '../values/drafts.js'
import { isNumbers, knownIn } from '../values/numbers.js'

/** `Tile` of channels: all of them so many times, as for a network of colours that is given grey images. */
export const tile = (node: NodeReader): Value => {
  if (isNumbers(node.value(0))) node.refuse('the output of a layer', node.described(0))
  const repeats = knownIn(node, 1)
  const [, channels = 1] = repeats
  if (repeats.length !== extentsIn(node).length || repeats.some((times, axis) => axis !== 1 && times !== 1))
    node.refuse('all channels so many times', `repeats ${shapeText(repeats.slice(0, 16))}`)
  return channels === 1 ? node.value(0) : repeated(node, channels)
}

/** The most copies of some channels. */
const MOST = 64

/** The channels of the first input so many times, one after the other. */
export const repeated = (node: NodeReader, times: number): Value => {
  if (!Number.isInteger(times) || times < 1 || times > MOST) node.refuse(`1 to ${MOST} copies of channels`, `${times}`)
  const input = node.activations(0)
  const copies = new Array<typeof input>(times).fill(input)
  return activations(node.builder.add({ type: 'concat' }, copies, node.originOf('concat')))
}
