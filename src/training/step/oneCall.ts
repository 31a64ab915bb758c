import type { Tensor, Tensor1D, TensorInfo } from '@tensorflow/tfjs-core'
import { traced } from '../../dsl/kit/traced.js'
import type { LossTerm } from '../../dsl/step.js'
import { type CompiledGraph, canCompile, compileGraph } from '../../engine/graph/compiledGraph.js'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { names } from '../../models/compiled/graphNames.js'
import { partsFor } from '../../models/compiled/kernelPlaces.js'
import { type StepShape, stepGraph, stepNames } from '../../models/compiled/training/stepGraph.js'
import { givenLayers } from '../../models/head/head.js'
import { checkMoments } from '../../models/parameters/momentCount.js'
import { graphOfOptimizer, graphOfTerm } from './inGraph.js'
import type { StepInput } from './stepInput.js'

/** What a step gives, before anything is replaced. */
export interface Advanced {
  readonly weights: Tensor1D
  readonly slots: readonly Tensor1D[]
  /** Of batch normalisation; undefined without one. */
  readonly statistics: Tensor1D | undefined
  /** Each summand of the loss, in order. */
  readonly losses: Readonly<Record<string, number>>
}

const activeOf = ({ plan, terms }: StepInput): readonly LossTerm[] =>
  terms.filter(({ phases }) => phases.includes(plan.phase))

/** What keeps a step from being one call of the native engine; undefined if nothing does. */
export const obstacleOf = (input: StepInput): string | undefined => {
  const { plan, student, guide, minibatch } = input
  const term = activeOf(input).find((each) => !graphOfTerm(each))
  if (term) return `loss term ${term.name}`
  if (plan.adjust ?? plan.moves ?? plan.realise) return `the rule of phase ${plan.phase}`
  if (!graphOfOptimizer(plan.optimizer)) return `optimizer ${plan.optimizer.name}`
  if (guide) return 'the guide'
  if (givenLayers(student.architecture).length > 0) return 'the stochastic head'
  if (minibatch.views > 1 && student.statistics.size > 0) return 'several views with batch normalisation'
  return undefined
}

/**
 * The whole step as one call of the engine; undefined if it can't be one. The caller owns the tensors.
 *
 * @throws RunError if a batch normalisation gets a single value per channel
 */
export const inOneCall = (input: StepInput): Advanced | undefined => {
  const { plan, student, memory, minibatch } = input
  const { architecture, statistics: running } = student
  const { images, labels, views, indices, unchanged } = minibatch
  const { phase, penalty } = plan
  const active = activeOf(input)
  const parts = active.flatMap((term) => graphOfTerm(term) ?? [])
  const optimizer = graphOfOptimizer(plan.optimizer)
  if (!canCompile() || obstacleOf(input) !== undefined || !optimizer) return undefined
  const count = images.shape[0]
  checkMoments(`architecture ${architecture.name}`, architecture, count, 'a minibatch of 1 image')
  return tf.tidy(() => {
    const batch = { images, labels, phase, views, indices: unchanged ? indices : undefined }
    const losses = parts.map((part, i) => traced(`${active[i]?.name}, before the student`, () => part(batch)))
    const pull = penalty?.(memory)
    const mask = student.maskVector
    const numbers = optimizer.numbers(input)
    const shape = {
      architecture,
      count,
      classes: labels.shape[1],
      parts: partsFor(architecture, count),
      losses,
      penalty: pull ? 'penalised' : 'plain',
      pruned: mask ? 'masked' : 'dense',
      optimizer: optimizer.graph,
      numbers: Object.keys(numbers),
    } as const
    const keys = [count, shape.classes, shape.penalty, shape.pruned, ...shape.numbers, ...losses.map(({ key }) => key)]
    const slots = optimizer.graph.slots.map((_, i) => memory.vector(`slot.${i}`) ?? tf.zerosLike(student.weights))
    const feeds: Record<string, TensorInfo> = {
      [names.weights]: student.weights,
      [names.images]: images,
      [stepNames.labels]: labels,
      [stepNames.numbers]: tf.tensor1d(Object.values(numbers)),
      ...Object.fromEntries(slots.map((slot, i) => [stepNames.slot(i), slot])),
      ...(pull ? { [stepNames.target]: pull.target, [stepNames.price]: pull.price } : {}),
      ...(mask ? { [stepNames.mask]: mask } : {}),
      ...(running.size > 0 ? { [stepNames.running]: running } : {}),
    }
    for (const [i, loss] of losses.entries())
      for (const [name, value] of Object.entries(loss.feeds)) feeds[stepNames.fed(i, name)] = value
    const fetches = [
      stepNames.losses,
      stepNames.newWeights,
      ...slots.map((_, i) => stepNames.newSlot(i)),
      ...(running.size > 0 ? [stepNames.statistics] : []),
    ]
    const graph = graphFor(keys.join('|'), shape)
    const [scalars, weights, ...vectors] = traced('the step in one call', () => graph.run(feeds, fetches)) as Results
    const values = scalars.dataSync<'float32'>()
    scalars.dispose()
    const named = [...active, ...(pull ? [pull] : [])]
    return {
      weights,
      slots: vectors.slice(0, slots.length),
      statistics: vectors[slots.length],
      losses: Object.fromEntries(named.map(({ name }, i) => [name, values[i] ?? Number.NaN])),
    }
  })
}

type Results = readonly [Tensor, Tensor1D, ...Tensor1D[]]

const cache = new WeakMap<Architecture, Map<string, CompiledGraph>>()

/** The graph of a step, loaded when it is first needed. */
const graphFor = (key: string, shape: StepShape): CompiledGraph => {
  const graphs = cache.get(shape.architecture) ?? new Map<string, CompiledGraph>()
  cache.set(shape.architecture, graphs)
  const graph = graphs.get(key) ?? compileGraph(stepGraph(shape))
  graphs.set(key, graph)
  return graph
}
