import { type Architecture, architecture, type GraphNode, INPUT } from '../../../models/architecture/architecture.js'
import { executionOf } from '../../../models/architecture/execution.js'
import { fakeQuantize } from '../../../models/layers/fakeQuantize.js'
import type { Layer } from '../../../models/layers/layer.js'
import { refuse } from '../../files/refusal.js'
import { type Quantisation, type Range, unsignedGrid } from './quantize.js'

/**
 * A network with each activation rounded to a grid of its own: the output of each kernel of `executionOf` but the last, and
 * the images. A network that rounds activations itself is returned unchanged: its grids are those that it was made for.
 *
 * @param ranges of the images and of the output of each kernel, by id
 * @throws Refusal for a value without a range
 */
export const withRounding = (given: Architecture, ranges: ReadonlyMap<string, Range>): Architecture => {
  if (given.nodes.some(({ layer }) => layer.type === 'fakeQuantize')) return given
  const grids = gridsOf(given, ranges)
  const read = (id: string): string => (grids.has(id) ? roundedId(id) : id)
  const rounding = (id: string): readonly Layer[] => {
    const grid = grids.get(id)
    if (!grid) return []
    return [fakeQuantize({ id: roundedId(id), inputs: [id], scale: [grid.scale], zeroPoint: [grid.zeroPoint] })]
  }
  const layers = given.nodes.flatMap(({ id, layer, inputs }): readonly Layer[] => [
    { ...layer, id, inputs: inputs.map(read) },
    ...rounding(id),
  ])
  return architecture(given.name, given.input, [...rounding(INPUT), ...layers], given)
}

const roundedId = (id: string): string => `${id}/rounded`

const gridsOf = (given: Architecture, ranges: ReadonlyMap<string, Range>): ReadonlyMap<string, Quantisation> => {
  const kernels = executionOf(given)
  const grids = new Map<string, Quantisation>()
  // Images that are normalised first are rounded after that.
  const normalised = kernels.some(({ node }) => node.layer.type === 'normalize')
  for (const id of [...(normalised ? [] : [INPUT]), ...kernels.slice(0, -1).map(({ result }) => result)]) {
    const kernel = kernels.find(({ result }) => result === id)
    const [source = ''] = kernel?.node.inputs ?? []
    const grid = kernel && keepsGrid(kernel.node.layer) ? grids.get(source) : undefined
    grids.set(id, grid ?? unsignedGrid(ranges.get(id) ?? refuse(`a range of "${id}"`, 'no range')))
  }
  return grids
}

/** Whether a layer only selects or moves numbers, and so keeps their grid, which has a 0. */
const keepsGrid = (layer: Layer): boolean =>
  layer.type === 'maxPool2d' ||
  layer.type === 'crop2d' ||
  layer.type === 'flatten' ||
  layer.type === 'unflatten' ||
  layer.type === 'selectChannels' ||
  (layer.type === 'pad2d' && (layer.value ?? 0) === 0)

/** The scale of the grid that a node's first input is on; undefined for a value on none, or on one for each channel. */
export const inputScale = (
  { nodes }: Pick<Architecture, 'nodes'>,
  { inputs: [source = ''] }: GraphNode,
): number | undefined => {
  const node = nodes.find(({ id }) => id === source)
  if (!node) return undefined
  const { layer } = node
  if (layer.type === 'fakeQuantize') return layer.scale.length === 1 ? Math.fround(layer.scale[0] ?? 1) : undefined
  return keepsGrid(layer) || layer.type === 'relu' ? inputScale({ nodes }, node) : undefined
}
