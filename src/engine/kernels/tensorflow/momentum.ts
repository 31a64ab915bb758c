import type { KernelConfig, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { canCompile, compiledOnce } from '../../graph/compiledGraph.js'
import { momentumGraph } from '../../graph/momentumGraph.js'
import { constants, type NativeBackend } from '../../nativeBackend.js'
import type { MomentumAttributes } from '../../ops/momentumUpdate.js'
import { input } from '../kernels.js'
import { arithmetic } from './arithmetic.js'

/** `PwoaMomentum`, see `momentumUpdate`, as one graph or, on a GPU, by operations. */
export const momentum: KernelConfig = {
  kernelName: 'PwoaMomentum',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const numbers = constants(backend as NativeBackend, momentumGraph.numbers(attrs as unknown as MomentumAttributes))
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

const graph = compiledOnce(momentumGraph.make)
