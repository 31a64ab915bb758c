import type { MomentumAttributes } from '../ops/momentumUpdate.js'
import { GraphBuilder } from './graphBuilder.js'
import type { OptimizerGraph } from './optimizerGraph.js'

/** `momentumUpdate` as a graph. */
export const momentumGraph: OptimizerGraph<MomentumAttributes> = {
  slots: [{ before: 'velocity', after: 'b' }],
  numbers: ({ learningRate, momentum, weightDecay }) => ({ learningRate, kept: momentum, weightDecay }),
  make: () => {
    const builder = new GraphBuilder()
    const weights = builder.placeholder('weights')
    const decayed = builder.add(
      builder.placeholder('gradient'),
      builder.multiply(weights, builder.placeholder('weightDecay')),
    )
    const b = builder.add(builder.multiply(builder.placeholder('velocity'), builder.placeholder('kept')), decayed)
    builder.output('w', builder.subtract(weights, builder.multiply(b, builder.placeholder('learningRate'))))
    builder.output('b', b)
    return builder
  },
}
