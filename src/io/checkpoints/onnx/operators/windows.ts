import type { ImageShape } from '../../../../dsl/dataset.js'
import { given } from '../../../../dsl/kit/given.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { countOf, doublesOf, shapeText } from '../graph/tensor.js'
import { stateTensor } from '../graph/tensors.js'
import { activations, draftOf } from './drafts.js'
import { attributeOrInput } from './numbers.js'
import { areSpatial } from './shaping.js'

/** `Conv`, with the zeros of a `Pad` before it. */
export const conv = (node: NodeReader): Value => {
  const pad = draftOf(node.value(0), 'pad')
  const input = pad?.source ?? node.activations(0)
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
  const size = sameOf(node, 'kernel', kernel)
  const declared = node.integers('kernel_shape')
  if (declared && declared[0] !== size)
    node.refuse(`attribute "kernel_shape" of its weights, ${size} x ${size}`, declared.join(' x '))
  const stride = strideOf(node)
  const before = pad?.padding ?? 0
  const padded = { height: image.height + 2 * before, width: image.width + 2 * before }
  const padding = before + paddingOf(node, padded, size, stride)
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
  const [fill] = node.optional(2) ? doublesOf(node.constant(2)) : [node.opset > 10 ? 0 : node.float('value')]
  if (fill !== 0) node.refuse('padding by 0', `${fill}`)
  if (node.optional(3)) node.refuse('padding of all axes', 'padding of some axes')
  const [n = 0, c = 0, top = 0, left = 0, n2 = 0, c2 = 0, bottom = 0, right = 0] = pads
  if (source.shape.kind !== 'image' || pads.length !== 8 || n !== 0 || c !== 0 || n2 !== 0 || c2 !== 0)
    node.refuse('padding of the rows and columns of images', `pads ${pads.slice(0, 16).join(', ')}`)
  const padding = sidesAlike(node, { top, left, bottom, right })
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
    const [kernel] = node.integers('kernel_shape') ?? []
    if (kernel === undefined) return node.refuse('an attribute "kernel_shape"', 'none')
    const stride = strideOf(node)
    const padding = paddingOf(node, image, kernel, stride)
    if (padding !== 0) node.refuse('pooling without padding', `${padding} pixels on each side`)
    const fits = [image.height, image.width].every((size) => (size - kernel) % stride === 0)
    if (node.integer('ceil_mode') !== 0 && !fits)
      node.refuse(
        'windows within the image',
        `windows beyond it (ceil_mode) in ${image.height} x ${image.width} pixels`,
      )
    return activations(node.builder.add({ type, kernel, stride }, [input], node.originOf(type)))
  }

/** `GlobalAveragePool`. */
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
  imageOf(node, node.activations(0))
  if (axes.length === 0 && node.has('noop_with_empty_axes') && node.integer('noop_with_empty_axes') !== 0)
    return node.value(0)
  if (!areSpatial(node, axes))
    node.refuse('the mean over both axes of an image', axes.length === 0 ? 'all axes' : `axes ${axes.join(', ')}`)
  const pooled = globalAverage(node)
  if (node.integer('keepdims') !== 0 || pooled.kind !== 'activations') return pooled
  return activations(node.builder.add({ type: 'flatten' }, [pooled.activations], node.originOf('flatten')))
}

const imageOf = (node: NodeReader, { shape }: Activations): ImageShape =>
  shape.kind === 'image' ? shape : node.refuse('an image', `a vector of ${shape.features}`)

/** The one number of all sides. @throws Refusal if they differ */
const sameOf = (node: NodeReader, what: string, sizes: readonly number[]): number => {
  const [first = Number.NaN] = sizes
  if (sizes.some((size) => size !== first)) node.refuse(`one ${what} for all sides`, sizes.join(' x '))
  return first
}

const strideOf = (node: NodeReader): number => node.integers('strides')?.[0] ?? 1

/** Pixels that are added at each side. */
interface Sides {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** The number of pixels on each side. @throws Refusal if they differ, or some are taken away */
const sidesAlike = (node: NodeReader, sides: Sides): number => {
  const { top, left, bottom, right } = sides
  if (top < 0 || left !== top || bottom !== top || right !== top)
    node.refuse(
      'the same padding, of 0 or more pixels, on all four sides',
      `${top} at the top, ${left} on the left, ${bottom} at the bottom and ${right} on the right`,
    )
  return top
}

/** The number of pixels that are added on each side. */
const paddingOf = (
  node: NodeReader,
  { height, width }: Pick<ImageShape, 'height' | 'width'>,
  kernel: number,
  stride: number,
): number => {
  const mode = node.text('auto_pad')
  const [padding = 0] = node.integers('pads') ?? []
  if (mode === 'NOTSET') return padding
  if (padding !== 0) node.refuse('either "auto_pad" or "pads"', `both, ${mode} and ${padding}`)
  if (mode === 'VALID') return 0
  // As many pixels as are needed for ceil(size / stride) windows; an odd one is at the end, or at the beginning.
  const [rows, columns] = [height, width].map((size) => {
    const all = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size)
    const [less, more] = [Math.floor(all / 2), Math.ceil(all / 2)]
    return mode === 'SAME_UPPER' ? ([less, more] as const) : ([more, less] as const)
  })
  const [[top, bottom], [left, right]] = [rows ?? [0, 0], columns ?? [0, 0]]
  return sidesAlike(node, { top, left, bottom, right })
}
