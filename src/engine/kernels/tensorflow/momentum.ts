import type { KernelConfig, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { canCompile, compiledOnce } from '../../graph/compiledGraph.js'
import { GraphBuilder } from '../../graph/graphBuilder.js'
import { constants, type NativeBackend } from '../../nativeBackend.js'
import type { MomentumAttributes } from '../../ops/momentumUpdate.js'
import { input } from '../kernels.js'
import { arithmetic } from './arithmetic.js'

/** `PwoaMomentum`, see `momentumUpdate`, as one graph or, on a GPU, by operations. */
export const momentum: KernelConfig = {
  kernelName: 'PwoaMomentum',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { learningRate, momentum: kept, weightDecay } = attrs as unknown as MomentumAttributes
    const numbers = constants(backend as NativeBackend, { learningRate, kept, weightDecay })
    const given = { ...Object.fromEntries(vectorNames.map((name) => [name, input(inputs, name)])), ...numbers.tensors }
    const updated = canCompile() ? graph().run(given, ['w', 'b']) : byOperations(backend as NativeBackend, given)
    numbers.dispose()
    return [...updated]
  },
}

const vectorNames = ['weights', 'velocity', 'gradient'] as const

const byOperations = (native: NativeBackend, given: NamedTensorInfoMap): readonly Tensor[] => {
  const { run, keep } = arithmetic(native)
  const of = (name: string): TensorInfo => input(given, name)
  const decayed = run('AddV2', [of('gradient'), run('Mul', [of('weights'), of('weightDecay')])])
  const b = run('AddV2', [run('Mul', [of('velocity'), of('kept')]), decayed])
  return keep(run('Sub', [of('weights'), run('Mul', [b, of('learningRate')])]), b)
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
