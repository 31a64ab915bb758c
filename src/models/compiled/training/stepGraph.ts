import { partSizes } from '../../../engine/graph/compiledGraph.js'
import { GraphBuilder } from '../../../engine/graph/graphBuilder.js'
import type { GraphLoss, HiddenRows, LossValues } from '../../../engine/graph/graphLoss.js'
import type { Value } from '../../../engine/graph/graphNodes.js'
import type { OptimizerGraph } from '../../../engine/graph/optimizerGraph.js'
import { penaltyGraph } from '../../../math/quadraticPenalty.js'
import type { Architecture } from '../../architecture/architecture.js'
import { batchNormDefaults } from '../../parameters/statistics.js'
import { backwardGraph } from '../backwardGraph.js'
import { momentNames } from '../batchNormRule.js'
import { forwardGraph } from '../forwardGraph.js'
import { names } from '../graphNames.js'
import { hiddenOf, normalisationsOf } from '../kernelPlaces.js'

/** What a training step computes. */
export interface StepShape {
  readonly architecture: Architecture
  /** Images in the minibatch. */
  readonly count: number
  readonly classes: number
  /** Number of parts that the minibatch is split into. */
  readonly parts: number
  readonly losses: readonly Pick<GraphLoss, 'build'>[]
  /** Adds the penalty of `quadraticPenalty`. */
  readonly penalty: 'penalised' | 'plain'
  /** Whether weights that are pruned get no gradient. */
  readonly pruned: 'masked' | 'dense'
  readonly optimizer: Pick<OptimizerGraph<never>, 'slots' | 'make'>
  /** Names of the optimizer's numbers, in order. */
  readonly numbers: readonly string[]
}

/** Names of what a step's graph is fed and returns, beside those of the network's graphs. */
export const stepNames = {
  labels: 'labels',
  /** The running statistics of batch normalisation, before and after. */
  running: 'running',
  statistics: 'statistics',
  target: 'target',
  price: 'price',
  mask: 'mask',
  numbers: 'numbers',
  slot: (i: number) => `slot-${i}`,
  newSlot: (i: number) => `new-slot-${i}`,
  newWeights: 'new-weights',
  /** Every loss, and the penalty after them: a vector. */
  losses: 'losses',
  /** What a loss is fed, by its own name for it. */
  fed: (loss: number, name: string) => `loss-${loss}-${name}`,
} as const

/**
 * A whole training step: forward pass, losses, backward pass, penalty, mask, optimizer and running statistics. It is
 * the graphs that run one by one elsewhere, put together, so that activations are freed as soon as the backward pass
 * has read them, and no result but the new vectors and the losses leaves the engine.
 */
export const stepGraph = (shape: StepShape): GraphBuilder => {
  const { architecture, count, parts } = shape
  const graph = new GraphBuilder()
  const network = {
    [names.weights]: graph.placeholder(names.weights),
    [names.images]: graph.placeholder(names.images),
    [names.sizes]: graph.integers(partSizes(count, parts)),
  }
  const { kept } = backwardGraph(architecture, parts, 'logits')
  const passed = graph.include(forwardGraph(architecture, parts, kept), network)
  const losses = lossesIn(graph, shape, network[names.images] ?? '', passed)
  const hidden = hiddenGradients(graph, shape, losses, passed)
  const { graph: backward } = backwardGraph(architecture, parts, hidden ? 'logits and hidden' : 'logits')
  const gradient = graph.include(backward, {
    ...network,
    ...Object.fromEntries([...kept].map((name) => [name, passed(name)])),
    [names.logitsGradient]: summed(
      graph,
      losses.flatMap(({ logits }) => logits ?? []),
      passed(names.logits),
    ),
    ...hidden,
  })(names.weightGradient)
  const scalars = losses.map(({ loss }) => loss)
  update(graph, shape, network[names.weights] ?? '', gradient, scalars)
  graph.output(stepNames.losses, graph.concat(scalars.map((loss) => graph.reshape(loss, [1]))))
  if (normalisationsOf(architecture).length > 0) updateStatistics(graph, shape, passed)
  return graph
}

type Outputs = (name: string) => Value

const lossesIn = (graph: GraphBuilder, shape: StepShape, images: Value, passed: Outputs): readonly LossValues[] => {
  const { architecture, count, classes, parts, losses } = shape
  const labels = graph.placeholder(stepNames.labels)
  const { height, width, channels } = architecture.input
  let joined: readonly HiddenRows[] | undefined
  const hidden = (): readonly HiddenRows[] => {
    joined ??= hiddenOf(architecture).map(({ kernel, features }, index) => {
      const pieces = Array.from({ length: parts }, (_, part) => passed(names.value(kernel, part)))
      return { index, features, value: graph.concat(pieces) }
    })
    return joined
  }
  return losses.map(({ build }, which) =>
    build({
      graph,
      count,
      images: { value: images, features: height * width * channels },
      labels,
      logits: { value: passed(names.logits), features: classes },
      hidden,
      fed: (name) => graph.placeholder(stepNames.fed(which, name)),
    }),
  )
}

/** The gradient of every hidden activation, in parts; undefined if no loss has one. */
const hiddenGradients = (
  graph: GraphBuilder,
  { architecture, count, parts }: StepShape,
  losses: readonly LossValues[],
  passed: Outputs,
): Readonly<Record<string, Value>> | undefined => {
  if (!losses.some(({ hidden }) => hidden)) return undefined
  const sizes = graph.integers(partSizes(count, parts))
  const entries = hiddenOf(architecture).flatMap(({ kernel }, index) => {
    const arrived = losses.flatMap(({ hidden }) => hidden?.get(index) ?? [])
    const pieces = arrived.length === 0 ? [] : graph.split(graph.sum(arrived), sizes, parts)
    return Array.from({ length: parts }, (_, part): [string, Value] => [
      names.valueGradient(kernel, part),
      pieces[part] ?? graph.zerosLike(passed(names.value(kernel, part))),
    ])
  })
  return Object.fromEntries(entries)
}

const summed = (graph: GraphBuilder, gradients: readonly Value[], like: Value): Value =>
  gradients.length === 0 ? graph.zerosLike(like) : graph.sum(gradients)

/** Adds the penalty to the scalars, and the optimizer's outputs to the graph. */
const update = (graph: GraphBuilder, shape: StepShape, before: Value, raw: Value, scalars: Value[]): void => {
  const { penalty, pruned, optimizer, numbers } = shape
  // Products of these vectors, each as long as the weights, would otherwise be kept during both passes.
  const fed = (name: string): Value => graph.after(graph.placeholder(name), raw)
  const weights = graph.after(before, raw)
  let gradient = raw
  if (penalty === 'penalised') {
    const [target, price] = [fed(stepNames.target), fed(stepNames.price)]
    const penalised = graph.include(penaltyGraph(), { weights, target, price, gradient })
    gradient = penalised('penalised')
    scalars.push(penalised('loss'))
  }
  if (pruned === 'masked') gradient = graph.multiply(gradient, fed(stepNames.mask))
  const pieces = graph.split(graph.placeholder(stepNames.numbers), graph.integers(numbers.map(() => 1)), numbers.length)
  const moved = graph.include(optimizer.make(), {
    weights,
    gradient,
    ...Object.fromEntries(optimizer.slots.map(({ before }, i) => [before, fed(stepNames.slot(i))])),
    ...Object.fromEntries(numbers.map((name, i) => [name, graph.reshape(pieces[i] ?? '', [])])),
  })
  graph.output(stepNames.newWeights, moved('w'))
  for (const [i, { after }] of optimizer.slots.entries()) graph.output(stepNames.newSlot(i), moved(after))
}

/** See `updatedStatistics`. */
const updateStatistics = (graph: GraphBuilder, { architecture, count }: StepShape, passed: Outputs): void => {
  const { momentum } = batchNormDefaults
  const seen = normalisationsOf(architecture).flatMap(({ kernel, size }) => {
    const values = count * size
    const variance = passed(names.saved(kernel, momentNames.variance, 0))
    return [
      passed(names.saved(kernel, momentNames.mean, 0)),
      graph.multiply(variance, graph.number(values / Math.max(1, values - 1))),
    ]
  })
  const kept = graph.multiply(graph.placeholder(stepNames.running), graph.number(1 - momentum))
  graph.output(stepNames.statistics, graph.add(kept, graph.multiply(graph.concat(seen), graph.number(momentum))))
}
