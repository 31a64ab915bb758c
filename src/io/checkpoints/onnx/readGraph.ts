import type { ImageShape } from '../../../dsl/dataset.js'
import { quoted, refuse } from '../../files/refusal.js'
import { PRODUCER } from './encodeOnnx.js'
import { mixedOrder } from './featureOrder.js'
import { dataTypes, type OnnxGraph, type OnnxModel, type OnnxNode } from './graph/messages.js'
import { type Activations, NetworkBuilder, type ReadNetwork } from './graph/networkBuilder.js'
import { NodeReader, type Reading, type Value } from './graph/nodeReader.js'
import { operators } from './operators/index.js'

/** Supported opsets. Before 7, broadcasting had other rules. */
const OPSETS = { least: 7, most: 25 } as const

/** Both names of the domain of ONNX's own operators. */
const OWN_DOMAINS: readonly string[] = ['', 'ai.onnx']

/**
 * The graph of a model as a network: a description, and tensors under PyTorch's names. Layers are named after their
 * weights.
 *
 * @throws Refusal for a graph that no network here can represent
 */
export const readGraph = (model: OnnxModel): ReadNetwork => {
  const { graph, producerName, opsetImport } = model
  if (!graph || graph.node.length === 0) return refuse('an ONNX model with a graph', 'a model without nodes')
  if (graph.sparseInitializer.length > 0) refuse('dense initializers', 'sparse initializers')
  const opset = opsetImport.find(({ domain }) => OWN_DOMAINS.includes(domain))?.version ?? 0
  if (opset < OPSETS.least || opset > OPSETS.most)
    refuse(`an opset from ${OPSETS.least} to ${OPSETS.most}`, `opset ${opset}`)
  const { name, image } = inputOf(graph)
  const builder = new NetworkBuilder(image)
  const values = new Map<string, Value>([[name, { kind: 'activations', activations: builder.input }]])
  for (const tensor of graph.initializer) values.set(tensor.name, { kind: 'constant', tensor })
  const reading: Reading = { builder, opset, named: producerName === PRODUCER ? 'layer' : 'freely' }
  for (const [index, node] of graph.node.entries()) {
    // Further outputs (a dropout's mask) are not supported: a node that reads one is refused.
    const [result = ''] = node.output
    if (values.has(result)) refuse('each value once', `${quoted(result)} twice`)
    values.set(result, readNode(node, index, graph, values, reading))
  }
  const network = builder.finish(graph.name || 'onnx', outputOf(graph, values))
  const mixed = mixedOrder(network.architecture)
  if (mixed) refuse('a network that flattens images for linear layers', mixed)
  return network
}

const readNode = (
  node: OnnxNode,
  index: number,
  graph: OnnxGraph,
  values: ReadonlyMap<string, Value>,
  reading: Reading,
): Value => {
  const { opType, domain, name, input } = node
  const own = OWN_DOMAINS.includes(domain)
  const where = `node ${quoted(name)}, ${own ? `opset ${reading.opset}` : `domain ${quoted(domain)}`}`
  const read =
    (own ? operators.get(opType) : undefined) ??
    refuse('operators that a network here can represent', `${quoted(opType)} (${where})`, SUPPORTED)
  const inputs = input.map((source) => {
    // An empty name leaves an input out.
    if (source === '') return undefined
    const later = graph.node.slice(index).some(({ output }) => output.includes(source))
    const actual = `${quoted(source)}, which ${later ? 'is computed from it or after it' : 'no node computes'}`
    return values.get(source) ?? refuse(`inputs of ${opType} (${where}) that are computed before it`, actual)
  })
  return read(new NodeReader(node, inputs, index, reading))
}

const SUPPORTED = `Supported are ${[...operators.keys()].join(', ')}.`

const inputOf = ({ input, initializer }: OnnxGraph): { readonly name: string; readonly image: ImageShape } => {
  const known = new Set(initializer.map(({ name }) => name))
  const given = input.filter(({ name }) => !known.has(name))
  const [first] = given
  if (!first || given.length > 1)
    return refuse('one input, the images', given.map(({ name }) => quoted(name)).join(', ') || 'no inputs')
  const { elemType, shape } = first.type?.tensorType ?? { elemType: 0, shape: null }
  const [, channels, height, width, ...others] = (shape?.dim ?? []).map((extent) =>
    'dimValue' in extent ? extent.dimValue : 0,
  )
  if (elemType !== dataTypes.float) refuse(`input ${quoted(first.name)} of float32`, `type ${elemType}`)
  if (!channels || !height || !width || others.length > 0)
    return refuse(
      `input ${quoted(first.name)} of shape batch x channels x height x width, all but the batch fixed`,
      `[${(shape?.dim ?? []).map((extent) => ('dimValue' in extent ? extent.dimValue : '?')).join(', ')}]`,
    )
  return { name: first.name, image: { channels, height, width } }
}

const outputOf = ({ output }: OnnxGraph, values: ReadonlyMap<string, Value>): Activations => {
  const [first] = output
  if (!first || output.length > 1)
    return refuse('one output, the logits', output.map(({ name }) => quoted(name)).join(', ') || 'no outputs')
  const value = values.get(first.name)
  if (value?.kind === 'activations') return value.activations
  return value?.kind === 'draft' ? value.settle() : refuse('logits that are computed', quoted(first.name))
}
