import { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { type Architecture, INPUT } from '../architecture/architecture.js'
import { executionOf } from '../architecture/execution.js'
import { givenLayers } from '../head/head.js'
import type { GivenValue } from '../layers/layer.js'
import { parametersOf } from '../parameters/parameters.js'
import { names } from './graphNames.js'
import type { ParameterValues } from './layerRule.js'
import { ruleOf } from './layerRules.js'

/**
 * The forward pass: the logits, and the values to keep, which stay split into parts.
 *
 * @param parts number of parts that a minibatch is split into
 * @param kept names of the values that the backward pass needs
 */
export const forwardGraph = (architecture: Architecture, parts: number, kept: ReadonlySet<string>): GraphBuilder => {
  const graph = new GraphBuilder()
  const { parameters, split, given } = inputsOf(graph, architecture, parts)
  const keep = (name: string, value: Value): void => {
    if (kept.has(name)) graph.output(name, value)
  }
  const logits = split(graph.placeholder(names.images)).map((images, part) => {
    const values = new Map<string, Value>([[INPUT, images]])
    let last = images
    for (const [index, kernel] of executionOf(architecture).entries()) {
      const { layer, inputs } = kernel.node
      const saved = {
        keep: (name: string, value: Value): void => keep(names.saved(index, name, part), value),
        recall: (name: string): Value => absent(`"${name}" of "${kernel.result}" in the forward pass`),
      }
      const read = inputs.map((id) => values.get(id) ?? absent(`value for "${id}"`))
      last = ruleOf(layer).forward({ graph, kernel, parameters, saved, given: given(part) }, read)
      keep(names.value(index, part), last)
      values.set(kernel.result, last)
    }
    return last
  })
  graph.output(names.logits, graph.concat(logits))
  return graph
}

const absent = (what: string): never => {
  throw new Error(`there is no ${what}`)
}

/** Placeholders that both passes share: the parameters, the sizes of a minibatch's parts, and the given values. */
export const inputsOf = (graph: GraphBuilder, architecture: Architecture, parts: number) => {
  const all = parametersOf(architecture)
  const pieces = graph.split(graph.placeholder(names.weights), graph.integers(all.map(({ size }) => size)), all.length)
  const parameters: ParameterValues = new Map(
    all.map(({ name, shape }, i): [string, Value] => [name, graph.reshape(pieces[i] ?? '', shape)]),
  )
  const sizes = parts === 1 ? '' : graph.integerPlaceholder(names.sizes)
  const split = (x: Value): readonly Value[] => graph.split(x, sizes, parts)
  const given = new Map(
    givenLayers(architecture).map(({ value }) => [value, split(graph.placeholder(names.given(value)))]),
  )
  return { parameters, split, given: (part: number) => (value: GivenValue) => given.get(value)?.[part] ?? '' }
}
