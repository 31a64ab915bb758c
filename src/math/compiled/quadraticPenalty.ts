import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'
import { compiledOnce } from '../../engine/graph/compiledOnce.js'
import { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Penalised, PenaltyVectors } from '../penaltyVectors.js'

/** See `quadraticPenalty`: one call of the engine. */
export const penaltyByGraph = (vectors: PenaltyVectors): Penalised => {
  const [gradient, loss] = graph().run({ ...vectors }, ['penalised', 'loss'])
  return { gradient: gradient as Tensor1D, loss: loss as Scalar }
}

const graph = compiledOnce(() => {
  const builder = new GraphBuilder()
  const residual = builder.subtract(builder.placeholder('weights'), builder.placeholder('target'))
  const pull = builder.multiply(residual, builder.placeholder('price'))
  builder.output('penalised', builder.add(builder.placeholder('gradient'), pull))
  builder.output('loss', builder.multiply(builder.total(builder.multiply(residual, pull), [0]), builder.number(0.5)))
  return builder
})
