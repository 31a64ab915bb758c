import { extentOf } from '../../../../dsl/kit/extent.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Value } from '../graph/value.js'
import { channelsAlong } from '../values/anyOrder.js'
import { type Arrangement, arranged } from '../values/arranged.js'
import { croppedIn } from '../values/crops.js'
import { activations, draftOf } from '../values/drafts.js'
import { attributeOrInput, isNumbers } from '../values/numbers.js'
import { fromFront } from '../values/views.js'
import { imageOf } from '../windows/windows.js'
import { addScale } from './affineLayer.js'
import { areSpatial } from './shaping.js'

/** A layer that pools all pixels of an image, and what it computes, in words. */
interface Pool {
  readonly type: 'avgPool2d' | 'maxPool2d'
  readonly words: string
}

const mean: Pool = { type: 'avgPool2d', words: 'the mean' }
const maximum: Pool = { type: 'maxPool2d', words: 'the maximum' }

const pooled =
  ({ type }: Pool) =>
  (node: NodeReader): Value => {
    const input = node.activations(0)
    const { height, width } = imageOf(node, input)
    const kernel = extentOf([height, width])
    return activations(node.builder.add({ type, kernel, stride: kernel }, [input], node.originOf(type)))
  }

/** `GlobalAveragePool`. */
export const globalAverage = pooled(mean)

/** `GlobalMaxPool`. */
export const globalMax = pooled(maximum)

/** A reduction over both axes of an image, which is flattened if the axes are dropped. */
const reduced =
  (pool: Pool) =>
  (node: NodeReader): Value => {
    const axes = attributeOrInput(node, 'axes', 1) ?? []
    const part = draftOf(node.value(0), 'moved')
    const before = draftOf(node.value(0), 'arranged') ?? (part && croppedIn(node, part))
    if (before) return arrangedPool(node, pool, before, axes)
    imageOf(node, node.activations(0))
    if (isNothing(node, axes)) return node.value(0)
    if (!areSpatial(node, axes))
      node.refuse(
        `${pool.words} over both axes of an image`,
        axes.length === 0 ? 'all axes' : `axes ${axes.join(', ')}`,
      )
    const result = pooled(pool)(node)
    if (node.integer('keepdims') !== 0 || result.kind !== 'activations') return result
    return activations(node.builder.add({ type: 'flatten' }, [result.activations], node.originOf('flatten')))
  }

/** Whether a reduction is over no axes at all. */
const isNothing = (node: NodeReader, axes: readonly number[]): boolean =>
  axes.length === 0 && node.has('noop_with_empty_axes') && node.integer('noop_with_empty_axes') !== 0

/** `ReduceMean`. */
export const reduceMean = reduced(mean)

/** `ReduceSum`: the mean times the number of pixels. */
export const reduceSum = (node: NodeReader): Value => {
  if (isNumbers(node.value(0))) node.refuse('the output of a layer', node.described(0))
  if (isNothing(node, attributeOrInput(node, 'axes', 1) ?? [])) return node.value(0)
  const before = draftOf(node.value(0), 'arranged')
  const { shape } = before ?? node.activations(0)
  const pixels = shape.kind === 'image' ? shape.height * shape.width : 1
  const mean = reduceMean(node)
  const order = draftOf(mean, 'arranged')
  const scaled = (value: Value): Value => activations(addScale(node, node.withInputs([value]).activations(0), pixels))
  return order ? arranged(node, { ...order, source: scaled(order.source) }) : scaled(mean)
}

/** `ReduceMax`. */
export const reduceMax = reduced(maximum)

/** The same of an image whose axes are in another order. */
const arrangedPool = (node: NodeReader, pool: Pool, before: Arrangement, axes: readonly number[]): Value => {
  const { dims, source } = before
  const gone = axes.map((axis) => fromFront(node, axis, dims.length + 1) - 1)
  const kept = dims.map((_, axis) => axis).filter((axis) => !gone.includes(axis))
  const channels = gone.includes(-1) ? undefined : channelsAlong(node, before, kept)
  if (!channels) return node.refuse(`${pool.words} over both axes of an image`, `axes ${axes.slice(0, 16).join(', ')}`)
  const result = pooled(pool)(node.withInputs([source]))
  const left = dims.map((extent, axis) => (gone.includes(axis) ? 1 : extent))
  return arranged(node, {
    source: result,
    shape: { kind: 'image', channels: channels.length, height: 1, width: 1 },
    dims: node.integer('keepdims') === 0 ? kept.map((axis) => dims[axis] ?? 0) : left,
    positions: Float64Array.from(channels),
  })
}
