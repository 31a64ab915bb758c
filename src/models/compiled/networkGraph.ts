import { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { type Architecture, INPUT } from '../architecture.js'
import { executionOf, type Kernel } from '../execution.js'
import { parametersOf } from '../parameters.js'
import { type ParameterValues, ruleOf } from './layerRules.js'

/** Names of what a run feeds and fetches. */
export const names = {
  images: 'images',
  /** The flat vector. */
  weights: 'weights',
  /** How many images each part has. */
  sizes: 'sizes',
  logits: 'logits',
  weightGradient: 'weight-gradient',
  imageGradient: 'image-gradient',
  logitsGradient: 'logits-gradient',
  /** The result of a kernel, by its place in the order of execution, for one part of the minibatch. */
  value: (kernel: number, part: number) => `value-${kernel}-${part}`,
  valueGradient: (kernel: number, part: number) => `value-gradient-${kernel}-${part}`,
} as const

/** Which gradients a way back begins with, beside that of the logits. */
export type Seeds = 'logits' | 'logits and hidden'

/** The way there: logits, and each part's results of the kernels in `kept`, which are not put together for nothing. */
export const forwardGraph = (architecture: Architecture, parts: number, kept: readonly number[]): GraphBuilder => {
  const graph = new GraphBuilder()
  const { parameters, split } = inputsOf(graph, architecture, parts)
  const runs = split(graph.placeholder(names.images)).map((images) =>
    forwardPart(graph, architecture, parameters, images),
  )
  const kernels = executionOf(architecture)
  const resultOf = (values: ReadonlyMap<string, Value>, kernel: number): Value =>
    valueOf(values, kernels[kernel]?.result ?? INPUT)
  for (const kernel of kept)
    for (const [part, values] of runs.entries()) graph.output(names.value(kernel, part), resultOf(values, kernel))
  graph.output(names.logits, graph.concat(runs.map((values) => resultOf(values, kernels.length - 1))))
  return graph
}

/** The way back, and the results of kernels that it takes. */
export interface BackwardGraph {
  readonly graph: GraphBuilder
  readonly kept: readonly number[]
}

/** From the gradient of the logits (and hidden activations) to those of the flat weights and of the images. */
export const backwardGraph = (architecture: Architecture, parts: number, seeds: Seeds): BackwardGraph => {
  const graph = new GraphBuilder()
  const { parameters, split } = inputsOf(graph, architecture, parts)
  const kernels = executionOf(architecture)
  const images = split(graph.placeholder(names.images))
  const fed = new Map<string, Value>()
  const kept = new Set<number>()
  /** A kernel's result, of each part; what a reshape gives is not kept but made again. */
  const resultOf = (id: string, part: number): Value => {
    if (id === INPUT) return images[part] ?? ''
    const index = kernels.findIndex(({ result }) => result === id)
    const kernel = kernels[index]
    if (kernel?.node.layer.type === 'flatten') {
      const inputs = kernel.node.inputs.map((input) => resultOf(input, part))
      return ruleOf(kernel.node.layer).forward({ graph, layer: kernel.node.layer, kernel, parameters }, inputs)
    }
    const name = names.value(index, part)
    const known = fed.get(name) ?? graph.placeholder(name)
    fed.set(name, known)
    kept.add(index)
    return known
  }
  const ofLogits = split(graph.placeholder(names.logitsGradient))
  const seedsOf = (part: number): ReadonlyMap<string, Value> =>
    new Map([
      [kernels.at(-1)?.result ?? '', ofLogits[part] ?? ''],
      ...[...kernels.entries()]
        .filter(([, { hidden }]) => hidden && seeds === 'logits and hidden')
        .map(([index, { result }]) => [result, graph.placeholder(names.valueGradient(index, part))] as const),
    ])
  const results = images.map((_, part) =>
    backwardPart(graph, kernels, parameters, (id) => resultOf(id, part), seedsOf(part)),
  )
  const flat = results.map(({ ofParameters }) =>
    graph.concat(parametersOf(architecture).map(({ name }) => graph.reshape(ofParameters.get(name) ?? '', [-1]))),
  )
  graph.output(names.weightGradient, graph.sum(flat))
  graph.output(names.imageGradient, graph.concat(results.map(({ ofImages }) => ofImages)))
  return { graph, kept: [...kept].sort((a, b) => a - b) }
}

const inputsOf = (graph: GraphBuilder, architecture: Architecture, parts: number) => {
  const all = parametersOf(architecture)
  const pieces = graph.split(graph.placeholder(names.weights), graph.integers(all.map(({ size }) => size)), all.length)
  const parameters: ParameterValues = new Map(
    all.map(({ name, shape }, i): [string, Value] => [name, graph.reshape(pieces[i] ?? '', shape)]),
  )
  const sizes = parts === 1 ? '' : graph.integerPlaceholder(names.sizes)
  return { parameters, split: (x: Value): readonly Value[] => graph.split(x, sizes, parts) }
}

const valueOf = (values: ReadonlyMap<string, Value>, id: string): Value => {
  const value = values.get(id)
  if (value === undefined) throw new Error(`no value for "${id}"`)
  return value
}

/** The results of all kernels for some of the images, by id. */
const forwardPart = (
  graph: GraphBuilder,
  architecture: Architecture,
  parameters: ParameterValues,
  images: Value,
): ReadonlyMap<string, Value> => {
  const values = new Map<string, Value>([[INPUT, images]])
  for (const kernel of executionOf(architecture)) {
    const { layer, inputs } = kernel.node
    const place = { graph, layer, kernel, parameters }
    values.set(
      kernel.result,
      ruleOf(layer).forward(
        place,
        inputs.map((id) => valueOf(values, id)),
      ),
    )
  }
  return values
}

/** Goes through the kernels from the last to the first, and adds up what comes back to each value. */
const backwardPart = (
  graph: GraphBuilder,
  kernels: readonly Kernel[],
  parameters: ParameterValues,
  resultOf: (id: string) => Value,
  seeds: ReadonlyMap<string, Value>,
): { readonly ofParameters: ReadonlyMap<string, Value>; readonly ofImages: Value } => {
  const arrived = new Map<string, Value[]>([...seeds].map(([id, value]) => [id, [value]]))
  const ofParameters = new Map<string, Value>()
  for (const kernel of kernels.toReversed()) {
    const { layer, inputs } = kernel.node
    const way = {
      dy: graph.sum(arrived.get(kernel.result) ?? []),
      output: () => resultOf(kernel.result),
      input: () => resultOf(inputs[0] ?? INPUT),
    }
    const gradients = ruleOf(layer).backward({ graph, layer, kernel, parameters }, way)
    for (const [i, id] of inputs.entries()) arrived.set(id, [...(arrived.get(id) ?? []), gradients.inputs[i] ?? ''])
    for (const [name, value] of Object.entries(gradients.parameters ?? {})) ofParameters.set(name, value)
  }
  return { ofParameters, ofImages: graph.sum(arrived.get(INPUT) ?? []) }
}
