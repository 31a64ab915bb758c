import type { ImageShape } from '../../dsl/dataset.js'
import { rejectOption } from '../../dsl/errors.js'
import { pairOf } from '../../dsl/kit/extent.js'
import type { Layer } from '../layers/layer.js'
import type { AdaptivePool2dLayer } from '../layers/windowLayers.js'
import { fitting } from './adaptivePool.js'
import { inferShape, type NodeShape } from './shapes.js'

/** A layer in the graph: its id, the ids it reads, and the shapes of its inputs and output per example. */
export interface GraphNode {
  readonly id: string
  readonly layer: Layer
  readonly inputs: readonly string[]
  readonly inputShapes: readonly NodeShape[]
  readonly shape: NodeShape
}

/** The id under which layers refer to the network's input. */
export const INPUT = 'input'

/**
 * A network as data. Everything else follows from this one description: the forward pass, the hidden activations, the
 * parameters with their PyTorch names, the counts.
 */
export interface Architecture {
  readonly name: string
  readonly input: ImageShape
  readonly classes: number
  /** Sorted so that each node comes after its inputs; the last one returns the logits. */
  readonly nodes: readonly GraphNode[]
  /** Prefixes of tensors in published state dicts that the forward pass does not use. */
  readonly unused: readonly string[]
  /** Tensors whose rows are divided by their length when a file is read. */
  readonly unitRows: readonly string[]
}

/** Options of {@link architecture}. */
export interface ArchitectureOptions {
  /** Prefixes of tensors that a checkpoint may hold although the network does not use them. @default none */
  readonly unused?: readonly string[]
  /**
   * Tensors whose rows are divided by their length when a file is read, as the forward pass of the published network does.
   * @default none
   */
  readonly unitRows?: readonly string[]
}

/**
 * Describes a network: layers in order. Each reads the one before it unless it names its inputs; `normalize` comes
 * first.
 *
 * @example
 * const tiny = architecture('tiny', { height: 28, width: 28, channels: 1 }, [
 *   conv2d('conv', { out: 8, kernel: 5, stride: 2 }), relu(), flatten(), linear('fc', { out: 10 }),
 * ])
 * @throws OptionError if shapes don't fit, a name is used twice, an input is unknown, or the output is not a vector
 */
export const architecture = (
  name: string,
  input: ImageShape,
  layers: readonly (Layer | AdaptivePool2dLayer)[],
  { unused = [], unitRows = [] }: ArchitectureOptions = {},
): Architecture => {
  const where = `architecture ${name}`
  for (const [side, size] of Object.entries(input))
    if (!Number.isInteger(size) || size < 1) rejectOption(where, `a whole number >= 1 of input ${side}`, size)
  const shapes = new Map<string, NodeShape>([[INPUT, { kind: 'image', ...input }]])
  const nodes: GraphNode[] = []
  const names = new Set<string>()
  let previous = INPUT
  for (const [index, described] of layers.entries()) {
    const id = described.id ?? ('name' in described ? described.name : `${described.type}-${index}`)
    if (shapes.has(id)) rejectOption(where, 'distinct layer ids', `"${id}" twice`)
    if ('name' in described) {
      if (names.has(described.name)) rejectOption(where, 'distinct layer names', `"${described.name}" twice`)
      names.add(described.name)
    }
    const inputs = described.inputs ?? [previous]
    const inputShapes = inputs.map(
      (source) => shapes.get(source) ?? rejectOption(where, `an earlier layer as input of "${id}"`, `"${source}"`),
    )
    const layer = described.type === 'adaptivePool2d' ? fitted(where, id, described, inputShapes) : described
    if (layer.type === 'normalize') checkNormalize(where, id, inputs, nodes)
    if (layer.type === 'sample' && nodes.some((node) => node.layer.type === 'sample'))
      rejectOption(where, 'at most one sample layer', `"${id}" as another`)
    const shape = inferShape(where, id, layer, inputShapes)
    shapes.set(id, shape)
    nodes.push({ id, layer, inputs, inputShapes, shape })
    previous = id
  }
  const last = nodes.at(-1)?.shape
  if (last?.kind !== 'vector')
    return rejectOption(where, 'a last layer that returns one vector of logits', last?.kind ?? 'no layers')
  return { name, input, classes: last.features, nodes, unused, unitRows }
}

/** A pooling layer to a number of cells as one of windows. */
const fitted = (where: string, id: string, layer: AdaptivePool2dLayer, [shape]: readonly NodeShape[]): Layer => {
  const found = fitting(layer, shape)
  if (found) return found
  const cells = pairOf(layer.out).join(' x ')
  const actual = shape?.kind === 'image' ? `${shape.height} x ${shape.width}` : 'no image'
  return rejectOption(where, `an image that ${cells} windows of one size cover evenly for "${id}"`, actual)
}

/** A network has at most one normalisation, that of its images. */
const checkNormalize = (where: string, id: string, inputs: readonly string[], before: readonly GraphNode[]): void => {
  if (inputs.join() !== INPUT) rejectOption(where, `the network's input as input of "${id}"`, `"${inputs.join(', ')}"`)
  if (before.some(({ layer }) => layer.type === 'normalize'))
    rejectOption(where, 'at most one normalize layer', `"${id}" as another`)
}

/** A network's layers, each with its id and inputs: `architecture` makes the same network of them. */
export const layersOf = ({ nodes }: Architecture): readonly Layer[] =>
  nodes.map(({ id, layer, inputs }) => ({ ...layer, id, inputs }))

/**
 * The same network for another number of classes: its last layer, linear or a convolution of one pixel, returns that many
 * logits; in an ensemble that of each network does.
 *
 * @throws OptionError if the last layer is another one
 */
export const withClasses = (given: Architecture, classes: number): Architecture => {
  if (given.classes === classes) return given
  const ends = lastLayers(given)
  const layers = layersOf(given).map((layer) =>
    ends.has(layer.id ?? '') && 'out' in layer ? { ...layer, out: classes } : layer,
  )
  return architecture(given.name, given.input, layers, given)
}

/** The ids of the layers that make the logits, before those that only add, scale or flatten them. */
const lastLayers = ({ name, nodes }: Architecture): ReadonlySet<string> => {
  const found = new Set<string>()
  const wanted = nodes.slice(-1).map(({ id }) => id)
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const node = nodes.find((each) => each.id === id)
    const type = node?.layer.type ?? 'input'
    if (node && (type === 'linear' || type === 'conv2d')) found.add(id)
    else if (node && PASSING.has(type)) wanted.push(...node.inputs)
    else rejectOption(`architecture ${name}`, 'a linear layer at its end', type)
  }
  return found
}

/** Layers after which logits are as many as before; images of one pixel are flattened. */
const PASSING: ReadonlySet<string> = new Set<Layer['type']>(['flatten', 'add', 'scale', 'softmax'])
