import { isPerChannel, isSpreadOver } from '../../../../models/architecture/spread.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { shapeText } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { axesOf, dimsOf, extentsIn, inOrder, reordered } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
import { oneOrder } from '../values/listed.js'
import { isNumbers, numbersIn } from '../values/numbers.js'
import { repeated } from './repeating.js'

/** `Mul` of two activations: of the same shape, or of an image and a number for each of its channels or pixels. */
export const product = (node: NodeReader): Value => {
  const [left, right] = [factorIn(node, 0), factorIn(node, 1)]
  const order = left.order ?? right.order ?? CHANNELS_FIRST
  const isFit = ({ order: own, axis }: Factor): boolean =>
    own ? own.join() === order.join() : axis === undefined ? order === CHANNELS_FIRST : axis === order.indexOf(0)
  if (![left, right].every(isFit) || (left.axis !== undefined && right.axis !== undefined))
    node.refuse('two factors with the same order of axes', `${node.described(0)}, and ${node.described(1)}`)
  const [a, b] = [left.output.shape, right.output.shape]
  const areSame = shapeText(dimsOf(a)) === shapeText(dimsOf(b))
  if (!areSame && !isSpreadOver(a, b) && !isSpreadOver(b, a))
    node.refuse(
      'factors of one shape, or one number for each channel or for each pixel',
      `${shapeText(dimsOf(a))} and ${shapeText(dimsOf(b))} for each image`,
    )
  const outputs = oneOrder(node, [left.output, right.output])
  const made = node.builder.add({ type: 'multiply' }, outputs, node.originOf('multiply'))
  const result = activations(made)
  return order === CHANNELS_FIRST ? result : reordered(node, { source: result, ...inOrder(node, made.shape) }, order)
}

const CHANNELS_FIRST: readonly number[] = [0, 1, 2]

/** One of two factors. */
interface Factor {
  readonly output: Activations
  /** The order of the axes of images in the file, if it is another one. */
  readonly order?: readonly number[]
  /** The axis of the channels, of a number for each channel. */
  readonly axis?: number
}

const factorIn = (node: NodeReader, index: number): Factor => {
  const spread = draftOf(node.value(index), 'spread')
  if (spread) return factorIn(node.withInputs([0, 1].map((i) => (i === index ? spread.of : node.value(i)))), index)
  const before = draftOf(node.value(index), 'arranged')
  if (!before) return { output: node.activations(index) }
  const { shape, dims, positions } = before
  const output = (): Activations => node.withInputs([before.source]).activations(0)
  const axis = dims.findIndex((extent) => extent > 1)
  const image = { kind: 'image', height: 1, width: 1, channels: positions.length } as const
  const isList = dims.length === 3 && isPerChannel(shape, image) && dims[Math.max(0, axis)] === positions.length
  if (isList && positions.every((position, i) => position === i)) return { output: output(), axis: Math.max(0, axis) }
  const order = axesOf(node, before)
  return order ? { output: output(), order } : { output: node.activations(index) }
}

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
    settle: once(() => {
      // Of a single channel, that of grey images, copies are made for any layer.
      const copies = own.every(
        (extent, axis) => axis === 1 || extent === wanted[axis] || wanted[axis] === 1 || axis === 0,
      )
      const made = copies && own[1] === 1 ? repeated(node, Number(wanted[1])) : undefined
      return made?.kind === 'activations'
        ? made.activations
        : node.refuse('a product with an image after it', 'another operator')
    }),
  }
}
