import type { LayerScaleLayer, Normalisation } from '../../../../models/layers/layer.js'
import { isOfPixels, wrongUnits } from '../../../../models/layers/normalisationUnits.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { lazyTensor } from '../graph/tensors.js'
import { shortest } from '../values/shortest.js'

/** scale·x + shift, with one number of each per channel; `name` is that of the tensor that the scale came from. */
export interface Affine {
  readonly scale: Float64Array
  readonly shift: Float64Array
  readonly name: string
}

/** Adds scale·x + shift as a layer: on the network's images, it is their normalisation. */
export const addAffine = (node: NodeReader, source: Activations, { scale, shift, name }: Affine): Activations => {
  if (source === node.builder.input) node.budget.allocate(TEXT_BYTES * scale.length, 'the means of its channels')
  const normalisation = source === node.builder.input ? normalisationOf(scale, shift) : undefined
  if (normalisation && isOfPixels(normalisation))
    node.refuse('a network for images in [0, 1]', `one for pixels from 0 to 255 (${numbersOf(normalisation)})`)
  if (normalisation && wrongUnits(normalisation) === undefined)
    return node.builder.add({ type: 'normalize', ...normalisation }, [source], node.origin('normalize'))
  if (!node.isOurs && shift.every((each) => each === 0))
    return addLayerScale(node, source, { name: nameOf(node, name) }, scale)
  const free = node.layerName(name)
  return node.builder.add({ type: 'affine2d', name: free }, [source], node.origin(free), {
    weight: lazyTensor([scale.length], () => Float32Array.from(scale)),
    bias: lazyTensor([shift.length], () => Float32Array.from(shift)),
  })
}

/** Adds scale·x as a layer, with one number per channel. */
export const addLayerScale = (
  node: NodeReader,
  source: Activations,
  layer: Pick<LayerScaleLayer, 'name' | 'tensor'>,
  scale: Float64Array,
): Activations => {
  const dims = layer.tensor === 'image' ? [scale.length, 1, 1] : [scale.length]
  return node.builder.add({ type: 'layerScale', ...layer }, [source], node.origin(layer.name), {
    '': lazyTensor(dims, () => Float32Array.from(scale)),
  })
}

/** The name of a layer that is one tensor, by that of the tensor, which may be an exporter's. */
const nameOf = (node: NodeReader, name: string): string =>
  /^[\w.]+$/.test(name) && !name.endsWith('.weight') ? node.builder.freeName(name) : node.layerName(name)

/** Adds factor·x as a layer. */
export const addScale = (node: NodeReader, source: Activations, factor: number): Activations =>
  node.builder.add({ type: 'scale', factor: shortest(factor) }, [source], node.originOf('scale'))

/** Bytes that the description of a network takes for the mean and the deviation of a channel. */
const TEXT_BYTES = 256

/** scale·x + shift of a network's images as (x − mean) / std, constants that training does not change. */
const normalisationOf = (scale: Float64Array, shift: Float64Array): Normalisation | undefined => {
  if (!scale.every((value) => value > 0)) return undefined
  return {
    mean: Array.from(scale, (value, i) => shortest(-(shift[i] ?? 0) / value)),
    std: Array.from(scale, (value) => shortest(1 / value)),
  }
}

const numbersOf = ({ mean, std }: Normalisation): string => `mean ${mean.join(' ')}, std ${std.join(' ')}`
