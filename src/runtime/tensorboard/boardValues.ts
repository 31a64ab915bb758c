import type { RunEvent } from '../../dsl/events.js'
import type { LayerWeights } from '../../dsl/figures.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import type { BoardHistogram, BoardValue } from '../../io/tensorboard/boardEvent.js'

/** What TensorBoard shows of a training step. */
export const valuesOfStep = ({
  loss,
  terms,
  learningRate,
  seconds,
  metrics = {},
}: TrainingMetrics): readonly BoardValue[] => [
  scalar('loss', loss),
  ...Object.entries(terms).map(([name, value]) => scalar(`terms/${name}`, value)),
  scalar('training/learning_rate', learningRate),
  scalar('training/seconds_per_step', seconds),
  ...Object.entries(metrics).map(([name, value]) => scalar(`metrics/${name}`, value)),
]

/**
 * What TensorBoard shows of an event: nothing for most. All accuracies, before, during and after training, are one
 * curve.
 */
export const valuesOfEvent = (event: RunEvent): readonly BoardValue[] => shown(event) ?? []

const shown = dispatchSome<RunEvent, [], readonly BoardValue[]>({
  admm: ({ rho, primal, dual }) => [
    scalar('admm/rho', rho),
    scalar('admm/primal_residual', primal),
    scalar('admm/dual_residual', dual),
  ],
  weights: ({ layers }) => layers.flatMap(valuesOfLayer),
  own: ({ name, values }) => Object.entries(values).map(([key, value]) => scalar(`${name}/${key}`, value)),
  parameters: ({ counts: { kept, prunable, prunableKept } }) => [
    scalar('parameters/kept', kept),
    ...(prunable > 0 ? [scalar('parameters/sparsity', 1 - prunableKept / prunable)] : []),
  ],
  evaluation: ({ accuracies: { clean, attacks } }) =>
    Object.entries({ clean, ...attacks }).map(([name, value]) => scalar(`accuracy/${name}`, value)),
})

const scalar = (tag: string, value: number): BoardValue => ({ tag, simpleValue: value })

const valuesOfLayer = (layer: LayerWeights): readonly BoardValue[] => [
  scalar(`layer_sparsity/${layer.name}`, layer.size === 0 ? 0 : layer.zeros / layer.size),
  // A layer of zeros has no bins.
  ...(layer.bound > 0 ? [{ tag: `nonzero_weights/${layer.name}`, histo: histogramOf(layer) }] : []),
]

/** Histogram of the weights that are not 0; sum and sum of squares are computed from the bins' centres. */
const histogramOf = ({ size, zeros, bound, histogram }: LayerWeights): BoardHistogram => {
  const width = (2 * bound) / histogram.length
  const bucket = histogram.map((share) => share * (size - zeros))
  const centres = bucket.map((_, i) => -bound + (i + 0.5) * width)
  const weighted = (power: number): number =>
    bucket.reduce((sum, count, i) => sum + count * (centres[i] ?? 0) ** power, 0)
  return {
    min: -bound,
    max: bound,
    num: size - zeros,
    sum: weighted(1),
    sumSquares: weighted(2),
    bucketLimit: bucket.map((_, i) => -bound + (i + 1) * width),
    bucket,
  }
}
