import type { LayerSize, NetworkSizes, ParameterCounts } from '../../dsl/figures.js'
import type { Summary } from '../../dsl/pipeline/run.js'

type Figures = Pick<Summary, 'parameters' | 'flops' | 'masked' | 'sparsity'>

/**
 * The size of a pruned network: of the smaller network if `shrink` has removed something, else of what the mask keeps.
 */
export const keptFigures = (counts: ParameterCounts | undefined, sizes: NetworkSizes | undefined): Figures => {
  if (!counts) return sizes ? shrunkFigures(sizes, Number.POSITIVE_INFINITY) : {}
  const { total, kept, prunable, prunableKept, flops, flopsKept } = counts
  const sparsity = prunable > 0 ? { sparsity: 1 - prunableKept / prunable } : {}
  return sizes && isOf(counts, sizes)
    ? { ...shrunkFigures(sizes, flopsKept), masked: { parameters: kept, flops: flopsKept }, ...sparsity }
    : { parameters: { total, kept }, flops: { total: flops, kept: flopsKept }, ...sparsity }
}

/** Whether the counts belong to the shrunk network; if not, pruning ran after `shrink`. */
const isOf = ({ total }: ParameterCounts, { before, after }: NetworkSizes): boolean =>
  sum(before, 'parameters') === total && sum(after, 'parameters') < total

const shrunkFigures = ({ before, after, flopsKept }: NetworkSizes, mostFlops: number): Figures => ({
  parameters: { total: sum(before, 'parameters'), kept: sum(after, 'nonZero') },
  flops: { total: sum(before, 'flops'), kept: flopsKept ?? Math.min(mostFlops, sum(after, 'flops')) },
})

const sum = (layers: readonly LayerSize[], figure: 'parameters' | 'nonZero' | 'flops'): number =>
  layers.reduce((total, layer) => total + layer[figure], 0)
