import type { KernelConfig, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { adamGraph } from '../../graph/adamGraph.js'
import { canCompile, compiledOnce } from '../../graph/compiledGraph.js'
import { constants, type NativeBackend } from '../../nativeBackend.js'
import type { AdamAttributes } from '../../ops/adamUpdate.js'
import { input } from '../kernels.js'
import { arithmetic } from './arithmetic.js'

/** `PwoaAdam`, see `adamUpdate`, as one graph or, on a GPU, by operations. */
export const adam: KernelConfig = {
  kernelName: 'PwoaAdam',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const numbers = constants(backend as NativeBackend, adamGraph.numbers(attrs as unknown as AdamAttributes))
    const given = { ...Object.fromEntries(vectorNames.map((name) => [name, input(inputs, name)])), ...numbers.tensors }
    const updated = canCompile() ? graph().run(given, ['w', 'm', 'v']) : byOperations(backend as NativeBackend, given)
    numbers.dispose()
    return [...updated]
  },
}

const byOperations = (native: NativeBackend, given: NamedTensorInfoMap): readonly Tensor[] => {
  const { run, keep } = arithmetic(native)
  const [weights, mean, square, gradient] = vectorNames.map((name) => input(given, name)) as Inputs
  const [rate, epsilon, newMean, newSquare] = numberNames.map((name) => input(given, name)) as Inputs
  const towards = (from: TensorInfo, to: TensorInfo, share: TensorInfo): Tensor =>
    run('AddV2', [from, run('Mul', [run('Sub', [to, from]), share])])
  const m = towards(mean, gradient, newMean)
  const v = towards(square, run('Mul', [gradient, gradient]), newSquare)
  const scale = run('AddV2', [run('Sqrt', [v]), epsilon])
  return keep(run('Sub', [weights, run('RealDiv', [run('Mul', [m, rate]), scale])]), m, v)
}

type Inputs = [TensorInfo, TensorInfo, TensorInfo, TensorInfo]

const vectorNames = ['weights', 'mean', 'square', 'gradient'] as const
const numberNames = ['rate', 'epsilon', 'newMean', 'newSquare'] as const

const graph = compiledOnce(adamGraph.make)
