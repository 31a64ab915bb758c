import type { Activations, LayerTensors } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor } from '../graph/tensors.js'
import type { NodePlace, Value } from '../graph/value.js'
import { channelsAlong } from '../values/anyOrder.js'
import type { Arrangement } from '../values/arranged.js'
import { activations, once } from '../values/drafts.js'

/**
 * `MatMul` of images with their channels last, or of tokens, by a constant matrix: a convolution with a kernel of one
 * pixel, and the `Add` after it.
 */
export const pixelwise = <A extends Arrangement>(
  node: NodeReader,
  before: A,
  again: (node: NodeReader, arrangement: A) => Value,
  weight = node.constant(1),
): Value => {
  const [inputs = 0, out = 0] = weight.dims
  const last = before.dims.length - 1
  const channels = channelsAlong(node, before, [last])
  if (!channels || weight.dims.length !== 2 || inputs !== channels.length || out < 1)
    return node.refuse(
      'a product of the channels of each pixel, along the last axis, and a matrix',
      `shape ${shapeText(before.dims)} and weights of shape ${shapeText(weight.dims)}`,
    )
  const source = node.withInputs([before.source]).activations(0)
  const { shape } = source
  if (shape.kind !== 'image') return node.refuse('an image', `a vector of ${shape.features}`)
  const make = (bias: Tensor | undefined, by: NodePlace): Activations => {
    const name = node.layerName(weight.name)
    const tensors: LayerTensors = {
      weight: lazyTensor([out, inputs, 1, 1], () => filters(weight, channels)),
      ...(bias ? { bias: biasOf(node, bias, out) } : {}),
    }
    const layer = { name, out, kernel: 1, stride: 1, padding: 0, bias: bias ? 'learned' : 'none' } as const
    return node.builder.add({ type: 'conv2d', ...layer }, [source], by.origin(name), tensors)
  }
  const draft: Value = {
    kind: 'draft',
    draft: 'linear',
    out,
    addBias: (bias, by) => activations(make(bias, by)),
    settle: once(() => make(undefined, node)),
  }
  const pixels = shape.height * shape.width
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * pixels * out, 'the order of its activations')
  const positions = Float64Array.from({ length: pixels * out }, (_, i) => {
    const row = Math.floor(i / out)
    return (i % out) * pixels + ((before.positions[row * inputs] ?? 0) % pixels)
  })
  const dims = [...before.dims.slice(0, -1), out]
  return again(node, { ...before, source: draft, shape: { ...shape, channels: out }, dims, positions })
}

/** The matrix in × out as filters, out × in. @param channels the channel of each row */
const filters = (weight: Tensor, channels: readonly number[]): Float32Array => {
  const [inputs = 0, out = 0] = weight.dims
  const numbers = floatsOf(weight)
  const filter = new Float32Array(inputs * out)
  for (const [row, channel] of channels.entries())
    for (let o = 0; o < out; o++) filter[o * inputs + channel] = numbers[row * out + o] ?? Number.NaN
  return filter
}

const biasOf = (node: NodeReader, bias: Tensor, out: number) => {
  const count = countOf(bias.dims)
  if (count !== 1 && count !== out) node.refuse(`a bias for ${out} outputs`, shapeText(bias.dims))
  return lazyTensor([out], () => {
    const numbers = floatsOf(bias)
    return count === 1 ? new Float32Array(out).fill(numbers[0] ?? Number.NaN) : numbers
  })
}
