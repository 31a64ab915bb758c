import { partSizes } from '../../engine/graph/compiledGraph.js'
import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { HiddenRows, LossInputs, LossValues } from '../../engine/graph/graphLoss.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { type BottleneckWeights, EPSILON, exponentOf } from './bottleneck.js'
import { blocksFor } from './compiledHsic.js'
import { gradientGraph, lossGraph, matrixGraph, names } from './hsicGraph.js'

/** The choice of hidden activations, and σ of each chosen one. */
export interface ChosenHidden {
  readonly of: (hidden: readonly HiddenRows[]) => readonly HiddenRows[]
  readonly sigmas: readonly number[]
}

/** `bottleneckLoss` with the matrix of `bottleneckMatrix`, as a part of a graph. */
export const bottleneckInGraph =
  (weights: BottleneckWeights, { of, sigmas }: ChosenHidden) =>
  (inputs: LossInputs): LossValues => {
    const { graph, count, hidden } = inputs
    const layers = of(hidden())
    const matrix = matrixIn(inputs, weights)
    const activations = named(layers, names.activations, ({ value }) => value)
    const exponents = layers.map(({ features }, layer) => exponentOf(features, sigmas[layer]))
    const loss = graph.include(lossGraph(blocksFor(count), layers.length), {
      ...sharedIn(graph, count),
      ...activations,
      ...named(exponents, names.exponent, (exponent) => graph.number(exponent)),
      [names.matrix]: matrix,
    })
    const kept = layers.flatMap((_, layer) => [names.rows(layer), names.kernel(layer), names.inverse(layer)])
    const gradient = graph.include(gradientGraph(layers.length), {
      ...activations,
      ...Object.fromEntries(kept.map((name) => [name, loss(name)])),
      // The summands of a step's loss have the gradient 1.
      ...named(exponents, names.pull, (exponent) => graph.number(4 * EPSILON * count * exponent)),
      [names.matrix]: matrix,
    })
    // Σ_l tr(S·(I − εn·A_l⁻¹))
    const trace = graph.totalDouble(graph.toDouble(graph.diagonalOf(matrix)), [0])
    const inner = graph.scaleDouble(graph.toDouble(loss(names.sum)), EPSILON * count)
    return {
      loss: graph.toFloat(graph.subtractDouble(graph.scaleDouble(trace, layers.length), inner)),
      hidden: new Map(layers.map(({ index }, layer) => [index, gradient(names.gradient(layer))])),
    }
  }

const matrixIn = ({ graph, count, images, labels }: LossInputs, weights: BottleneckWeights): Value => {
  const { lambdaX, lambdaY, sigma } = weights
  return graph.include(matrixGraph(blocksFor(count)), {
    ...sharedIn(graph, count),
    [names.images]: images.value,
    [names.labels]: labels,
    [names.exponent(0)]: graph.number(exponentOf(images.features, sigma)),
    [names.lambdaX]: graph.number(lambdaX),
    [names.lambdaY]: graph.number(lambdaY),
  })(names.matrix)
}

/** What the graphs share for a minibatch of n examples. */
const sharedIn = (graph: GraphBuilder, n: number): Readonly<Record<string, Value>> => ({
  [names.identity]: graph.matrix(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j)))),
  [names.rowShape]: graph.integers([n, -1]),
  [names.ridge]: graph.number(EPSILON * n),
  [names.blocks]: graph.integers(partSizes(n, blocksFor(n))),
})

const named = <T>(
  items: readonly T[],
  name: (index: number) => string,
  value: (item: T) => Value,
): Readonly<Record<string, Value>> => Object.fromEntries(items.map((item, i) => [name(i), value(item)]))
