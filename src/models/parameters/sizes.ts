import type { LayerSize } from '../../dsl/figures.js'
import type { Architecture } from '../architecture/architecture.js'
import { flopsOf } from './counts.js'
import { parametersOf } from './parameters.js'
import { statisticsOf } from './statistics.js'

const BYTES = 4

/**
 * The size of each layer that has parameters, in parameters, FLOPs and bytes.
 *
 * @param weights flat, in the engine's layout; pruned ones are 0
 */
export const sizesOf = (architecture: Architecture, weights: Float32Array): readonly LayerSize[] =>
  architecture.nodes.flatMap((node): LayerSize[] => {
    const own = parametersOf(architecture).filter(({ node: id }) => id === node.id)
    if (own.length === 0) return []
    const parameters = own.reduce((sum, { size }) => sum + size, 0)
    const nonZero = own.reduce((sum, { offset, size }) => sum + countNonZero(weights, offset, size), 0)
    const statistics = statisticsOf(architecture).reduce(
      (sum, { node: id, size }) => sum + (id === node.id ? size : 0),
      0,
    )
    return [
      {
        layer: node.id,
        parameters,
        nonZero,
        flops: flopsOf(node),
        bytes: BYTES * (parameters + statistics),
        sparseBytes: Math.ceil(parameters / 8) + BYTES * (nonZero + statistics),
      },
    ]
  })

const countNonZero = (weights: Float32Array, offset: number, size: number): number => {
  let count = 0
  for (let i = offset; i < offset + size; i++) if (weights[i] !== 0) count++
  return count
}
