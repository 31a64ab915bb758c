import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { PRODUCER } from './encodeOnnx.js'
import { mixedOrder } from './graph/featureOrder.js'
import { inlined, OWN_DOMAINS } from './graph/inlined.js'
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './graph/messages.js'
import { type Activations, NetworkBuilder, type ReadNetwork } from './graph/networkBuilder.js'
import type { Reading } from './graph/reading.js'
import type { TensorReader } from './graph/tensorReader.js'
import type { Value } from './graph/value.js'
import { inputOf } from './graphInput.js'
import { isSupported, operatorNames, readOperator } from './operators/index.js'
import { ROUNDED } from './operators/quantised.js'
import { listed } from './values/listed.js'

/** Supported opsets. Before 7, broadcasting had other rules. */
const OPSETS = { least: 7, most: 28 } as const

/**
 * The graph of a model as a network: a description, and tensors under PyTorch's names. Layers are named after their
 * weights.
 *
 * @throws Refusal for a graph that no network here can represent
 */
export const readGraph = (model: OnnxModel, tensors: TensorReader, budget: ReadBudget): ReadNetwork => {
  const { producerName } = model
  const graph = inlined(model, budget)
  if (!graph || graph.node.length === 0) return refuse('an ONNX model with a graph', 'a model without nodes')
  if (graph.sparseInitializer.length > 0) refuse('dense initializers', 'sparse initializers')
  const opset = opsetOf(model)
  const needed = neededFor(graph)
  refuseUnsupported(
    graph.node.filter((node) => needed.has(node)),
    opset,
  )
  const named = producerName === PRODUCER ? 'layer' : 'freely'
  const { name, image, batch, valueIn, warnings: assumed } = inputOf(graph, named)
  const builder = new NetworkBuilder(image, budget)
  const values = new GraphValues(graph, tensors)
  values.set(name, valueIn(builder))
  const reading: Reading = { builder, opset, tensors, budget, batch, named }
  for (const [index, node] of graph.node.entries()) {
    if (!needed.has(node)) continue
    const results = readNode(node, index, values, reading)
    // Further outputs (a dropout's mask) are not supported: a node that reads one is refused.
    for (const [i, value] of results.entries()) values.set(node.output[i] ?? '', value)
  }
  const { output, warnings } = outputOf(graph, values)
  const network = builder.finish(
    graph.name || 'onnx',
    named === 'freely' ? listed(atEnd(builder, graph), output) : output,
  )
  const mixed = mixedOrder(network.architecture)
  if (mixed) refuse('a network that flattens images for linear layers', mixed)
  const rounded = [...needed].some(({ opType }) => opType === 'QuantizeLinear') ? [ROUNDED] : []
  return { ...network, warnings: [...assumed, ...rounded, ...warnings] }
}

/** The nodes that the outputs depend on. Exporters leave others behind, such as those of the places of a maximum. */
const neededFor = ({ node: nodes, output }: OnnxGraph): ReadonlySet<OnnxNode> => {
  const makers = new Map<string, OnnxNode[]>()
  for (const node of nodes)
    for (const name of node.output) {
      const known = makers.get(name)
      if (known) known.push(node)
      else makers.set(name, [node])
    }
  const needed = new Set<OnnxNode>()
  const wanted = output.map(({ name }) => name)
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    for (const node of makers.get(name) ?? []) {
      if (needed.has(node)) continue
      needed.add(node)
      for (const source of node.input) if (source !== '') wanted.push(source)
    }
  }
  return needed
}

const opsetOf = ({ opsetImport }: OnnxModel): number => {
  const versions = new Set(
    opsetImport.flatMap(({ domain, version }) => (OWN_DOMAINS.includes(domain) ? [version] : [])),
  )
  if (versions.size > 1) refuse('one opset', [...versions].slice(0, 16).join(' and '))
  const [opset = 0] = versions
  if (opset < OPSETS.least || opset > OPSETS.most)
    refuse(`an opset from ${OPSETS.least} to ${OPSETS.most}`, `opset ${opset}`)
  return opset
}

/** The values of a graph by their names. Initializers are read when they are first needed. */
class GraphValues {
  readonly #tensors: TensorReader
  readonly #values = new Map<string, Value>()
  readonly #initializers = new Map<string, OnnxTensor>()
  readonly #computed: ReadonlySet<string>

  constructor({ node, initializer }: OnnxGraph, tensors: TensorReader) {
    this.#tensors = tensors
    this.#computed = new Set(node.flatMap(({ output }) => output))
    for (const tensor of initializer) {
      this.#refuseTwice(tensor.name)
      this.#initializers.set(tensor.name, tensor)
    }
  }

  get(name: string): Value | undefined {
    const tensor = this.#values.has(name) ? undefined : this.#initializers.get(name)
    if (tensor) this.#values.set(name, { kind: 'constant', tensor: this.#tensors.read(tensor) })
    return this.#values.get(name)
  }

  /** @throws Refusal for a name that has a value */
  set(name: string, value: Value): void {
    this.#refuseTwice(name)
    this.#values.set(name, value)
  }

  /** Whether some node computes this value, perhaps one that is not read yet. */
  isComputed(name: string): boolean {
    return this.#computed.has(name)
  }

  #refuseTwice(name: string): void {
    if (this.#values.has(name) || this.#initializers.has(name)) refuse('each value once', `${quoted(name)} twice`)
  }
}

const isOwn = ({ domain }: OnnxNode): boolean => OWN_DOMAINS.includes(domain)

const whereIs = (node: OnnxNode, opset: number): string =>
  `node ${quoted(node.name)}, ${isOwn(node) ? `opset ${opset}` : `domain ${quoted(node.domain)}`}`

/** The most kinds of operators that an error lists. */
const MOST_LISTED = 20

/** Refuses a graph with operators that are not supported; the error lists all of them. */
const refuseUnsupported = (nodes: readonly OnnxNode[], opset: number): void => {
  const found = new Map<string, { readonly first: OnnxNode; count: number }>()
  for (const node of nodes) {
    if (isOwn(node) && isSupported(node.opType)) continue
    const key = JSON.stringify([node.opType, node.domain])
    const known = found.get(key)
    if (known) known.count++
    else found.set(key, { first: node, count: 1 })
  }
  if (found.size === 0) return
  const listed = [...found.values()].slice(0, MOST_LISTED).map(({ first, count }) => {
    const times = count === 1 ? '' : `${count} times, first `
    return `${quoted(first.opType)} (${times}${whereIs(first, opset)})`
  })
  const more = found.size > listed.length ? ` and ${found.size - listed.length} more` : ''
  const inIntegers = [...found.values()].some(({ first }) => INTEGERS.test(first.opType))
  refuse('operators that a network here can represent', `${listed.join(', ')}${more}`, inIntegers ? QDQ : SUPPORTED)
}

/** Operators that compute in integers themselves. */
const INTEGERS = /^(QLinear|QGemm|QAttention|ConvInteger|MatMulInteger|DynamicQuantize)/

const QDQ =
  'It computes in integers by operators of its own, or by scales that depend on the image. Quantize it with fixed scales ' +
  'in QDQ form: quantize_static(…, quant_format=QuantFormat.QDQ) of onnxruntime.'

const readNode = (node: OnnxNode, index: number, values: GraphValues, reading: Reading): readonly Value[] => {
  const { opType, input } = node
  if (!isSupported(opType)) return refuse('a supported operator', quoted(opType))
  const inputs = input.map((source) => {
    // An empty name leaves an input out.
    if (source === '') return undefined
    return (
      values.get(source) ??
      refuse(
        `inputs of ${opType} (${whereIs(node, reading.opset)}) that are computed before it`,
        `${quoted(source)}, which ${values.isComputed(source) ? 'is computed from it or after it' : 'no node computes'}`,
      )
    )
  })
  return readOperator(opType, node, inputs, index, reading)
}

const SUPPORTED = `Supported are ${operatorNames.join(', ')}.`

/** What makes a layer at the end of a graph. */
const atEnd = (builder: NetworkBuilder, { node }: OnnxGraph) => ({
  builder,
  refuse,
  originOf: (type: string) => ({ id: `${type}-${node.length}`, order: node.length }),
})

interface GraphOutput {
  readonly output: Activations
  readonly warnings: readonly string[]
}

const outputOf = (graph: OnnxGraph, values: GraphValues): GraphOutput => {
  const [first] = graph.output
  if (!first || graph.output.length > 1)
    return refuse('one output, the logits', graph.output.map(({ name }) => quoted(name)).join(', ') || 'no outputs')
  const value = values.get(first.name)
  if (value?.kind === 'activations') return { output: value.activations, warnings: [] }
  if (value?.kind !== 'draft') return refuse('logits that are computed', quoted(first.name))
  if (value.draft !== 'probabilities') return { output: value.settle(), warnings: [] }
  const cut = `The ${value.operator} at the network's end was left out: losses and attacks take logits.`
  return { output: value.source, warnings: [cut] }
}
