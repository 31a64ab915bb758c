import { extentOf, isEach, type Pair } from '../../../../dsl/kit/extent.js'
import { given } from '../../../../dsl/kit/given.js'
import type { Sides } from '../../../../models/layers/windowLayers.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, shapeText } from '../graph/tensor.js'
import { stateTensor } from '../graph/tensors.js'
import type { Value } from '../graph/value.js'
import { activations } from '../values/drafts.js'
import { imageOf, isBare, pairIn, sidesText } from './windows.js'

/** `ConvTranspose`. Pixels that are cut off only at the beginning of an axis are its output padding. */
export const convTranspose = (node: NodeReader): Value => {
  const input = node.activations(0)
  const image = imageOf(node, input)
  const weight = node.constant(1)
  const [channels = 0, outputs = 0, height = 0, width = 0] = weight.dims
  if (weight.dims.length !== 4 || countOf(weight.dims) === 0)
    node.refuse('weights of inputs x channels x height x width', `a constant of shape ${shapeText(weight.dims)}`)
  if (channels !== image.channels) node.refuse(`weights for ${image.channels} channels`, `${channels}`)
  const declared = node.integers('kernel_shape')
  if (declared && (declared[0] !== height || declared[1] !== width))
    node.refuse(`attribute "kernel_shape" of its weights, ${height} x ${width}`, declared.join(' x '))
  const groups = node.integer('group')
  const [stride, dilation] = [pairIn(node, 'strides'), pairIn(node, 'dilations')]
  const reach: Pair = [dilation[0] * (height - 1) + 1, dilation[1] * (width - 1) + 1]
  const { padding, outputPadding } = paddingOf(node, [image.height, image.width], reach, stride)
  const bias = node.optional(2) ? node.constant(2) : undefined
  const name = node.layerName(weight.name)
  return activations(
    node.builder.add(
      {
        type: 'convTranspose2d',
        name,
        out: outputs * groups,
        kernel: extentOf([height, width]),
        stride: extentOf(stride),
        padding: extentOf(padding),
        bias: bias ? 'learned' : 'none',
        ...given({
          outputPadding: isEach(outputPadding, 0) ? undefined : extentOf(outputPadding),
          dilation: isEach(dilation, 1) ? undefined : extentOf(dilation),
          groups: groups === 1 ? undefined : groups,
        }),
      },
      [input],
      node.origin(name),
      { weight: stateTensor(weight), ...given({ bias: bias && stateTensor(bias) }) },
    ),
  )
}

/** What a node cuts off at both ends of each axis, and what it leaves or adds at the end. */
const paddingOf = (
  node: NodeReader,
  size: Pair,
  reach: Pair,
  stride: Pair,
): { readonly padding: Pair; readonly outputPadding: Pair } => {
  const [down = 0, across = 0] = node.integers('output_padding') ?? []
  const added: Pair = [down, across]
  const { top, bottom, left, right } = sidesOf(node, size, reach, stride, added)
  const outputPadding: Pair = [down + top - bottom, across + left - right]
  if (Math.min(...outputPadding, top, left) < 0)
    node.refuse(
      'as many pixels cut off at the beginning of an axis as at its end, or more',
      sidesText({ top, bottom, left, right }),
    )
  return { padding: [top, left], outputPadding }
}

/** The pixels that a node cuts off at each side, given or by the size of its output. */
const sidesOf = (node: NodeReader, size: Pair, reach: Pair, stride: Pair, added: Pair): Sides => {
  const mode = node.text('auto_pad')
  const [top = 0, left = 0, bottom = 0, right = 0] = node.integers('pads') ?? []
  const own = { top, bottom, left, right }
  const wanted = node.integers('output_shape')
  if (!wanted && mode === 'NOTSET') return own
  if (!isBare(own)) node.refuse('either "pads", or "auto_pad" or "output_shape"', sidesText(own))
  if (!wanted && mode === 'VALID') return own
  const along = (axis: 0 | 1): Pair => {
    const all = (size[axis] - 1) * stride[axis] + reach[axis] + added[axis]
    const cut = all - (wanted?.[axis] ?? size[axis] * stride[axis])
    if (cut < 0) node.refuse(`an output of at most ${all} pixels`, `${wanted?.[axis] ?? size[axis] * stride[axis]}`)
    const [less, more] = [Math.floor(cut / 2), Math.ceil(cut / 2)]
    return mode === 'SAME_UPPER' ? [less, more] : [more, less]
  }
  const [rows, columns] = [along(0), along(1)]
  return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] }
}
