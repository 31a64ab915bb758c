import type { GroupNormLayer, LayerNormLayer } from '../../../../models/layers/layer.js'
import { EPSILON } from '../../../../models/layers/normalisations.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, shapeText } from '../graph/tensor.js'
import { lazyTensor } from '../graph/tensors.js'
import type { ScaledLayer, Value } from '../graph/value.js'
import { channelsAlong } from '../values/anyOrder.js'
import { arranged } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
import { moved } from '../values/moved.js'
import { shortest } from '../values/shortest.js'
import { fromFront } from '../values/views.js'
import { imageOf } from '../windows/windows.js'

/** A normalisation as a layer, without what the graph gives. */
type Norm = Pick<LayerNormLayer, 'type'> | Pick<GroupNormLayer, 'type' | 'groups'>

/** Makes a normalisation layer after some activations. */
const normLayer =
  (node: NodeReader, source: Activations, norm: Norm, epsilon: number): ScaledLayer =>
  ({ scale, shift, name: tensor }, by) => {
    const name = by.layerName(tensor)
    const own = shortest(epsilon)
    const rest = { name, ...(own === EPSILON ? {} : { epsilon: own }) }
    node.budget.allocate(2 * scale.byteLength, 'the scales of its channels')
    return node.builder.add({ ...norm, ...rest }, [source], by.origin(name), {
      weight: lazyTensor([scale.length], () => Float32Array.from(scale)),
      bias: lazyTensor([shift.length], () => Float32Array.from(shift)),
    })
  }

/** A normalisation whose scale and shift later nodes multiply and add. */
export const normDraft = (
  node: NodeReader,
  source: Activations,
  norm: Norm,
  { epsilon, scale, shift }: { readonly epsilon: number; readonly scale: Float64Array; readonly shift: Float64Array },
): Value => {
  const into = normLayer(node, source, norm, epsilon)
  const settle = once(() => into({ scale, shift, name: '' }, node))
  return { kind: 'draft', draft: 'affine', source, scale, shift, name: '', functions: [], into, settle }
}

/** γ and β of a node, one of each per channel. @param count of channels. @param placeOf the channel of each number */
const scaleAndShift = (node: NodeReader, count: number, placeOf: (index: number) => number = (index) => index) => {
  const numbers = (index: number, otherwise: number): Float64Array => {
    const all = new Float64Array(count).fill(otherwise)
    if (!node.optional(index)) return all
    const tensor = node.constant(index)
    if (countOf(tensor.dims) !== count)
      node.refuse(`a number for each of ${count} channels as input ${index + 1}`, shapeText(tensor.dims))
    for (const [i, value] of floatsOf(tensor).entries()) all[placeOf(i)] = value
    return all
  }
  return { scale: numbers(1, 1), shift: numbers(2, 0), name: node.constant(1).name }
}

/** `LayerNormalization` of each pixel, or of a vector: over the axis of the channels, which is the last one. */
export const layerNormalization = (node: NodeReader): Value => {
  const epsilon = node.float('epsilon')
  const axis = node.integer('axis')
  const numbers = draftOf(node.value(0), 'moved')
  const before = numbers ?? draftOf(node.value(0), 'arranged')
  if (before) {
    const rank = before.dims.length + (numbers ? 0 : 1)
    const last = before.dims.length - 1
    const channels = fromFront(node, axis, rank) === rank - 1 ? channelsAlong(node, before, [last]) : undefined
    if (!channels) return notOfChannels(node, axis)
    const source = node.withInputs([before.source]).activations(0)
    const given = scaleAndShift(node, channels.length, (i) => channels[i] ?? 0)
    const made = normLayer(node, source, { type: 'layerNorm' }, epsilon)(given, node)
    return numbers
      ? moved(node, { ...numbers, source: activations(made) })
      : arranged(node, { ...before, source: activations(made) })
  }
  const source = node.activations(0)
  if (source.shape.kind !== 'vector' || fromFront(node, axis, 2) !== 1) return notOfChannels(node, axis)
  const given = scaleAndShift(node, source.shape.features)
  return activations(normLayer(node, source, { type: 'layerNorm' }, epsilon)(given, node))
}

const notOfChannels = (node: NodeReader, axis: number): never =>
  node.refuse('a normalisation over the channels of each pixel, along the last axis', `axis ${axis}`)

/** `GroupNormalization`: before opset 21 it has a scale and a shift for each group, later for each channel. */
export const groupNormalization = (node: NodeReader): Value => {
  const source = node.activations(0)
  const { channels } = imageOf(node, source)
  const groups = node.integer('num_groups')
  const given = node.opset < 21 ? spread(scaleAndShift(node, groups), channels) : scaleAndShift(node, channels)
  return activations(normLayer(node, source, { type: 'groupNorm', groups }, node.float('epsilon'))(given, node))
}

/** One number per group as one per channel. */
const spread = (
  { scale, shift, name }: { readonly scale: Float64Array; readonly shift: Float64Array; readonly name: string },
  channels: number,
) => {
  const each = channels / scale.length
  const over = (of: Float64Array): Float64Array =>
    Float64Array.from({ length: channels }, (_, c) => of[Math.floor(c / each)] ?? Number.NaN)
  return { scale: over(scale), shift: over(shift), name }
}

/** `InstanceNormalization` of the channels of an image, or of groups that were reshaped to channels. */
export const instanceNormalization = (node: NodeReader): Value => {
  const epsilon = node.float('epsilon')
  const before = draftOf(node.value(0), 'arranged')
  if (!before) {
    const source = node.activations(0)
    const { channels } = imageOf(node, source)
    const given = scaleAndShift(node, channels)
    return activations(normLayer(node, source, { type: 'groupNorm', groups: channels }, epsilon)(given, node))
  }
  const { shape, dims, positions } = before
  const [groups = 0] = dims
  const inOrder = positions.every((position, i) => position === i)
  if (shape.kind !== 'image' || !inOrder || shape.channels % groups !== 0)
    return node.refuse('channels, or groups of them, along the second axis', node.described(0))
  const source = node.withInputs([before.source]).activations(0)
  const { scale, shift } = spread(scaleAndShift(node, groups), shape.channels)
  return arranged(node, {
    ...before,
    source: normDraft(node, source, { type: 'groupNorm', groups }, { epsilon, scale, shift }),
  })
}
