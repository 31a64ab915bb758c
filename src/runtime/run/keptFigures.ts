import type { LayerSize, NetworkSizes, ParameterCounts } from '../../dsl/figures.js'
import type { Summary } from '../../dsl/pipeline/run.js'

type Figures = Pick<Summary, 'parameters' | 'flops' | 'masked' | 'sparsity'>

/** What is left of a network: of the smaller one where `shrink` has taken something out, else what the mask keeps. */
export const keptFigures = (counts: ParameterCounts | undefined, sizes: NetworkSizes | undefined): Figures => {
  if (!counts) return sizes ? shrunkFigures(sizes, Number.POSITIVE_INFINITY) : {}
  const { total, kept, prunable, prunableKept, flops, flopsKept } = counts
  const sparsity = prunable > 0 ? { sparsity: 1 - prunableKept / prunable } : {}
  return sizes && isOf(counts, sizes)
    ? { ...shrunkFigures(sizes, flopsKept), masked: { parameters: kept, flops: flopsKept }, ...sparsity }
    : { parameters: { total, kept }, flops: { total: flops, kept: flopsKept }, ...sparsity }
}

/** Counts of another network than the one that became smaller are of pruning that came behind it. */
const isOf = ({ total }: ParameterCounts, { before, after }: NetworkSizes): boolean =>
  sum(before, 'parameters') === total && sum(after, 'parameters') < total

const shrunkFigures = ({ before, after, flopsKept }: NetworkSizes, mostFlops: number): Figures => ({
  parameters: { total: sum(before, 'parameters'), kept: sum(after, 'nonZero') },
  flops: { total: sum(before, 'flops'), kept: flopsKept ?? Math.min(mostFlops, sum(after, 'flops')) },
})

const sum = (layers: readonly LayerSize[], figure: 'parameters' | 'nonZero' | 'flops'): number =>
  layers.reduce((total, layer) => total + layer[figure], 0)
