import { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { type Architecture, INPUT } from '../architecture/architecture.js'
import { executionOf, type Kernel } from '../architecture/execution.js'
import { latentNodes } from '../head/head.js'
import type { GivenValue, Layer } from '../layers/layer.js'
import { parametersOf } from '../parameters/parameters.js'
import { inputsOf } from './forwardGraph.js'
import { names } from './graphNames.js'
import type { ParameterValues, Saved } from './layerRule.js'
import { ruleOf } from './layerRules.js'

/** The outputs whose gradients a backward pass starts from. */
export type Seeds = 'logits' | 'logits and hidden'

/** The backward pass as a graph, and the names of the values of the forward pass that it needs. */
export interface BackwardGraph {
  readonly graph: GraphBuilder
  readonly kept: ReadonlySet<string>
}

/**
 * The backward pass: from the gradients of the logits, of a head's values, and of hidden activations if `seeds` has
 * them, to the gradients of the flat weights and of the images.
 *
 * @param parts number of parts that a minibatch is split into
 */
export const backwardGraph = (architecture: Architecture, parts: number, seeds: Seeds): BackwardGraph => {
  const graph = new GraphBuilder()
  const { parameters, split, given } = inputsOf(graph, architecture, parts)
  const kernels = executionOf(architecture)
  const latent = new Set(Object.values(latentNodes(architecture)))
  const kept = new Set<string>()
  const fed = (name: string): Value => {
    if (!kept.has(name)) graph.placeholder(name)
    kept.add(name)
    return name
  }
  const ofLogits = split(graph.placeholder(names.logitsGradient))
  const results = split(graph.placeholder(names.images)).map((images, part) => {
    const savedOf = (index: number): Saved => ({
      keep: () => undefined,
      recall: (name) => fed(names.saved(index, name, part)),
    })
    /** A kernel's result: kept by the forward pass, or computed again if that costs nothing. */
    const resultOf = (id: string): Value => {
      if (id === INPUT) return images
      const index = kernels.findIndex(({ result }) => result === id)
      const kernel = kernels[index]
      if (!kernel || !REMADE.has(kernel.node.layer.type)) return fed(names.value(index, part))
      const { layer, inputs } = kernel.node
      const place = { graph, kernel, parameters, saved: savedOf(index), given: given(part) }
      return ruleOf(layer).forward(place, inputs.map(resultOf))
    }
    const begin = new Map<string, Value[]>([[kernels.at(-1)?.result ?? '', [ofLogits[part] ?? '']]])
    for (const [index, { hidden, result }] of kernels.entries()) {
      // Losses read these, whether or not the backward pass of a layer does.
      if (hidden || latent.has(result)) fed(names.value(index, part))
      if (latent.has(result) || (hidden && seeds === 'logits and hidden'))
        begin.set(result, [...(begin.get(result) ?? []), graph.placeholder(names.valueGradient(index, part))])
    }
    return backwardPass({ graph, kernels, parameters, savedOf, resultOf, given: given(part) }, begin)
  })
  const flat = results.map(({ ofParameters }) =>
    graph.concat(parametersOf(architecture).map(({ name }) => graph.reshape(ofParameters.get(name) ?? '', [-1]))),
  )
  graph.output(names.weightGradient, graph.sum(flat))
  graph.output(names.imageGradient, graph.concat(results.map(({ ofImages }) => ofImages)))
  return { graph, kept }
}

/** Layers whose results cost nothing to compute again. */
const REMADE: ReadonlySet<Layer['type']> = new Set<Layer['type']>(['flatten', 'given'])

/** What the backward pass of one part of a minibatch needs. */
interface Part {
  readonly graph: GraphBuilder
  readonly kernels: readonly Kernel[]
  readonly parameters: ParameterValues
  readonly savedOf: (index: number) => Saved
  readonly resultOf: (id: string) => Value
  readonly given: (value: GivenValue) => Value
}

/** Goes through the kernels from the last to the first, and sums the gradients of each value. */
const backwardPass = (
  { graph, kernels, parameters, savedOf, resultOf, given }: Part,
  begin: ReadonlyMap<string, readonly Value[]>,
): { readonly ofParameters: ReadonlyMap<string, Value>; readonly ofImages: Value } => {
  const arrived = new Map<string, readonly Value[]>(begin)
  const ofParameters = new Map<string, Value>()
  for (const [index, kernel] of [...kernels.entries()].toReversed()) {
    const { layer, inputs } = kernel.node
    const incoming = {
      dy: graph.sum(arrived.get(kernel.result) ?? []),
      output: () => resultOf(kernel.result),
      input: (i = 0) => resultOf(inputs[i] ?? INPUT),
    }
    const gradients = ruleOf(layer).backward({ graph, kernel, parameters, saved: savedOf(index), given }, incoming)
    for (const [i, id] of inputs.entries()) {
      const gradient = gradients.inputs[i]
      if (gradient !== undefined) arrived.set(id, [...(arrived.get(id) ?? []), gradient])
    }
    for (const [name, value] of Object.entries(gradients.parameters ?? {})) ofParameters.set(name, value)
  }
  return { ofParameters, ofImages: graph.sum(arrived.get(INPUT) ?? []) }
}
