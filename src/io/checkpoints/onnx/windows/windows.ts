import type { ImageShape } from '../../../../dsl/dataset.js'
import { type Extent, extentOf, isEach, type Pair, pairOf } from '../../../../dsl/kit/extent.js'
import { given } from '../../../../dsl/kit/given.js'
import type { Sides } from '../../../../models/layers/windowLayers.js'
import type { Activations, Origin } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, shapeText } from '../graph/tensor.js'
import { stateTensor } from '../graph/tensors.js'
import type { Value } from '../graph/value.js'
import { activations, draftOf } from '../values/drafts.js'

/** `Conv`, with the zeros of a `Pad` before it. Zeros that differ between opposite sides are a layer of their own. */
export const conv = (node: NodeReader): Value => {
  const before = foldable(node)
  const input = before?.source ?? node.activations(0)
  const image = imageOf(node, input)
  const weight = node.constant(1)
  const [out = 0, channels = 0, ...kernel] = weight.dims
  if (weight.dims.length !== 4 || countOf(weight.dims) === 0)
    node.refuse('weights of outputs x channels x height x width', `a constant of shape ${shapeText(weight.dims)}`)
  const groups = node.integer('group')
  if (channels * groups !== image.channels)
    node.refuse(
      `weights for ${image.channels} channels`,
      groups === 1 ? `${channels}` : `${channels} in ${groups} groups`,
    )
  const [height = 0, width = 0] = kernel
  const declared = node.integers('kernel_shape')
  if (declared && (declared[0] !== height || declared[1] !== width))
    node.refuse(`attribute "kernel_shape" of its weights, ${height} x ${width}`, declared.join(' x '))
  const [stride, dilation] = [pairIn(node, 'strides'), pairIn(node, 'dilations')]
  const name = node.layerName(weight.name)
  const zeros = pairOf(before?.padding ?? 0)
  const padded = { height: image.height + 2 * zeros[0], width: image.width + 2 * zeros[1] }
  const reach: Pair = [dilation[0] * (height - 1) + 1, dilation[1] * (width - 1) + 1]
  const sides = grown(sidesOf(node, padded, reach, stride), zeros)
  const padding = paddingOf(sides)
  const seen = padding === undefined ? node.builder.add({ type: 'pad2d', ...sides }, [input], padOrigin(node)) : input
  const bias = node.optional(2) ? node.constant(2) : undefined
  return activations(
    node.builder.add(
      {
        type: 'conv2d',
        name,
        out,
        kernel: extentOf([height, width]),
        stride: extentOf(stride),
        padding: padding ?? 0,
        bias: bias ? 'learned' : 'none',
        ...given({
          dilation: isEach(dilation, 1) ? undefined : extentOf(dilation),
          groups: groups === 1 ? undefined : groups,
        }),
      },
      [seen],
      node.origin(name),
      { weight: stateTensor(weight), ...given({ bias: bias && stateTensor(bias) }) },
    ),
  )
}

/** The zeros that a node before adds on opposite sides alike, which a convolution can add itself. */
const foldable = (node: NodeReader): { readonly source: Activations; readonly padding: Extent } | undefined => {
  const pad = draftOf(node.value(0), 'pad')
  const padding = pad && paddingOf(pad.sides)
  // In our own files they are a layer.
  if (!pad || padding === undefined || pad.value !== 0 || node.isOurs) return undefined
  return { source: pad.source, padding }
}

/** The shape of activations that must be an image. @throws Refusal for a vector */
export const imageOf = (node: NodeReader, { shape }: Activations): ImageShape =>
  shape.kind === 'image' ? shape : node.refuse('an image', `a vector of ${shape.features}`)

/** The numbers of an attribute along the height and along the width, which are 1 where it is left out. */
export const pairIn = (node: NodeReader, name: 'strides' | 'dilations'): Pair => {
  const [height = 1, width = 1] = node.integers(name) ?? []
  return [height, width]
}

/** The origin of a layer that adds the zeros of a node, before the layer of the node itself. */
export const padOrigin = (node: NodeReader): Origin => {
  const { order } = node.originOf('pad2d')
  return { id: `pad2d-${order}`, order }
}

/** The number of pixels at both ends of each axis; undefined if they differ. */
export const paddingOf = ({ top, bottom, left, right }: Sides): Extent | undefined =>
  top === bottom && left === right ? extentOf([top, left]) : undefined

/** No pixels on any side. */
export const noSides: Sides = { top: 0, bottom: 0, left: 0, right: 0 }

/** Whether no side has pixels. */
export const isBare = (sides: Sides): boolean => Object.values(sides).every((side) => side === 0)

const grown = ({ top, bottom, left, right }: Sides, [down, across]: Pair): Sides => ({
  top: top + down,
  bottom: bottom + down,
  left: left + across,
  right: right + across,
})

/** Numbers of pixels, for an error. */
export const sidesText = ({ top, bottom, left, right }: Sides): string =>
  `${top} at the top, ${left} on the left, ${bottom} at the bottom and ${right} on the right`

/** The numbers of pixels that a node adds itself. @param reach pixels from a window's first to its last, along each axis */
export const sidesOf = (
  node: NodeReader,
  { height, width }: Pick<ImageShape, 'height' | 'width'>,
  reach: Pair,
  stride: Pair,
): Sides => {
  const mode = node.text('auto_pad')
  const [top = 0, left = 0, bottom = 0, right = 0] = node.integers('pads') ?? []
  const own = { top, bottom, left, right }
  if (mode === 'NOTSET') return own
  if (!isBare(own)) node.refuse('either "auto_pad" or "pads"', `both, ${mode} and ${Object.values(own).join(', ')}`)
  if (mode === 'VALID') return own
  // As many pixels as are needed for ceil(size / stride) windows; an odd one is at the end, or at the beginning.
  const along = (size: number, axis: 0 | 1): Pair => {
    const all = Math.max(0, (Math.ceil(size / stride[axis]) - 1) * stride[axis] + reach[axis] - size)
    const [less, more] = [Math.floor(all / 2), Math.ceil(all / 2)]
    return mode === 'SAME_UPPER' ? [less, more] : [more, less]
  }
  const [rows, columns] = [along(height, 0), along(width, 1)]
  return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] }
}
