import type { KernelConfig } from '@tensorflow/tfjs-core'
import { compiledOnce } from '../../graph/compiledGraph.js'
import { GraphBuilder } from '../../graph/graphBuilder.js'
import { constants, type NativeBackend } from '../../nativeBackend.js'
import type { MomentumAttributes } from '../../ops/momentumUpdate.js'
import { input } from '../kernels.js'

/** `PwoaMomentum`, see `momentumUpdate`, as one graph. */
export const momentum: KernelConfig = {
  kernelName: 'PwoaMomentum',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { learningRate, momentum: kept, weightDecay } = attrs as unknown as MomentumAttributes
    const numbers = constants(backend as NativeBackend, { learningRate, kept, weightDecay })
    const vectors = Object.fromEntries(
      ['weights', 'velocity', 'gradient'].map((name) => [name, input(inputs, name)] as const),
    )
    const updated = graph().run({ ...vectors, ...numbers.tensors }, ['w', 'b'])
    numbers.dispose()
    return [...updated]
  },
}

const graph = compiledOnce(() => {
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
})
