import type { ImageShape } from '../../../../dsl/dataset.js'
import { given } from '../../../../dsl/kit/given.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { floatsOf } from '../graph/numbers.js'
import { stateTensor } from '../graph/tensors.js'
import { activations, draftOf } from './drafts.js'
import { attributeOrInput } from './integers.js'

/** `Conv`, with the zeros of a `Pad` before it. */
export const conv = (node: NodeReader): Value => {
  const pad = draftOf(node.value(0), 'pad')
  const input = pad?.source ?? node.activations(0)
  const image = imageOf(node, input)
  const weight = node.constant(1)
  const [out = 0, channels = 0, ...kernel] = weight.dims
  const groups = node.integer('group', 1)
  if (groups < 1 || channels * groups !== image.channels)
    node.refuse(
      `weights for ${image.channels} channels`,
      groups === 1 ? `${channels}` : `${channels} in ${groups} groups`,
    )
  const size = square(node, 'kernel', kernel, 1)
  const stride = square(node, 'stride', node.integers('strides') ?? [1, 1], 1)
  square(node, 'dilation', node.integers('dilations') ?? [1, 1], 1, 1)
  const padding = (pad?.padding ?? 0) + paddingOf(node, image, size, stride)
  const name = node.layerName(weight.name)
  const bias = node.optional(2) ? node.constant(2) : undefined
  return activations(
    node.builder.add(
      {
        type: 'conv2d',
        name,
        out,
        kernel: size,
        stride,
        padding,
        bias: bias ? 'learned' : 'none',
        ...given({ groups: groups === 1 ? undefined : groups }),
      },
      [input],
      node.origin(name),
      { weight: stateTensor(weight), ...given({ bias: bias && stateTensor(bias) }) },
    ),
  )
}

/** `Pad` of an image by zeros. */
export const pad = (node: NodeReader): Value => {
  const source = node.activations(0)
  const pads = attributeOrInput(node, 'pads', 1) ?? []
  const fill = node.optional(2) ? floatsOf(node.constant(2))[0] : node.float('value', 0)
  const mode = node.text('mode')
  if (mode !== '' && mode !== 'constant') node.refuse('constant padding', mode)
  if (fill !== 0) node.refuse('padding by 0', `${fill}`)
  if (node.optional(3)) node.refuse('padding of all axes', 'padding of some axes')
  const [n = 0, c = 0, top = 0, left = 0, n2 = 0, c2 = 0, bottom = 0, right = 0] = pads
  if (pads.length !== 8 || n !== 0 || c !== 0 || n2 !== 0 || c2 !== 0) node.refuse('padding of images', pads.join(', '))
  const padding = square(node, 'padding', [top, left, bottom, right], 0)
  if (padding === 0) return activations(source)
  return {
    kind: 'draft',
    draft: 'pad',
    source,
    padding,
    settle: () => node.refuse('a convolution after the padding', 'another operator'),
  }
}

/** `MaxPool` and `AveragePool`. */
export const pool =
  (type: 'maxPool2d' | 'avgPool2d') =>
  (node: NodeReader): Value => {
    const input = node.activations(0)
    const image = imageOf(node, input)
    const kernel = square(node, 'kernel', node.integers('kernel_shape') ?? [], 1)
    const stride = square(node, 'stride', node.integers('strides') ?? [1, 1], 1)
    square(node, 'dilation', node.integers('dilations') ?? [1, 1], 1, 1)
    const padding = paddingOf(node, image, kernel, stride)
    if (padding !== 0) node.refuse('pooling without padding', `${padding}`)
    const fits = [image.height, image.width].every((size) => (size - kernel) % stride === 0)
    if (node.integer('ceil_mode', 0) !== 0 && !fits) node.refuse('windows within the image', 'ceil_mode')
    return activations(node.builder.add({ type, kernel, stride }, [input], node.originOf(type)))
  }

/** `GlobalAveragePool`, and `ReduceMean` of both axes of an image. */
export const globalAverage = (node: NodeReader): Value => {
  const input = node.activations(0)
  const { height, width } = imageOf(node, input)
  if (height !== width) node.refuse('a square image', `${height} x ${width}`)
  const pooled = node.builder.add(
    { type: 'avgPool2d', kernel: height, stride: height },
    [input],
    node.originOf('avgPool2d'),
  )
  return activations(pooled)
}

/** `ReduceMean`: as `GlobalAveragePool`, and flattened if the axes are dropped. */
export const reduceMean = (node: NodeReader): Value => {
  const axes = attributeOrInput(node, 'axes', 1) ?? []
  const spatial = axes.map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted((a, b) => a - b)
  if (spatial.join() !== '2,3') node.refuse('the mean over both axes of an image', `axes ${axes.join(', ')}`)
  const pooled = globalAverage(node)
  if (node.integer('keepdims', 1) !== 0 || pooled.kind !== 'activations') return pooled
  return activations(node.builder.add({ type: 'flatten' }, [pooled.activations], node.originOf('flatten')))
}

const imageOf = (node: NodeReader, { shape }: Activations): ImageShape =>
  shape.kind === 'image' ? shape : node.refuse('an image', `a vector of ${shape.features}`)

/** The one number of all sides. @throws Refusal if they differ or are out of range */
const square = (node: NodeReader, what: string, sizes: readonly number[], least: number, most = Infinity): number => {
  const [first = Number.NaN] = sizes
  const alike = (sizes.length === 2 || sizes.length === 4) && sizes.every((size) => size === first)
  if (!alike || first < least || first > most)
    node.refuse(most === least ? `a ${what} of ${least}` : `one ${what} for all sides`, sizes.join(' x ') || 'no sizes')
  return first
}

/** The number of pixels that are added on each side. */
const paddingOf = (node: NodeReader, image: ImageShape, kernel: number, stride: number): number => {
  const mode = node.text('auto_pad')
  if (mode === '' || mode === 'NOTSET') return square(node, 'padding', node.integers('pads') ?? [0, 0, 0, 0], 0)
  if (mode === 'VALID') return 0
  // As many pixels as are needed for ceil(size / stride) windows.
  const sides = [image.height, image.width].map((size) =>
    Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size),
  )
  return square(
    node,
    'padding',
    sides.map((all) => all / 2),
    0,
  )
}
