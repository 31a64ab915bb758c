import type { KernelConfig, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { canCompile, compiledOnce } from '../../graph/compiledGraph.js'
import { GraphBuilder } from '../../graph/graphBuilder.js'
import { constants, type NativeBackend } from '../../nativeBackend.js'
import type { AdamAttributes } from '../../ops/adamUpdate.js'
import { input } from '../kernels.js'
import { arithmetic } from './arithmetic.js'

/**
 * `PwoaAdam`, see `adamUpdate`, as one graph or, on a GPU, by operations. The step's numbers are computed here, in float64:
 * w − rate·m/(√v + ε·r) with r = √(1 − β2ᵗ) and rate = lr·r/(1 − β1ᵗ) is PyTorch's update.
 */
export const adam: KernelConfig = {
  kernelName: 'PwoaAdam',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { learningRate, beta1, beta2, epsilon, step } = attrs as unknown as AdamAttributes
    const root = Math.sqrt(1 - beta2 ** step)
    const numbers = constants(backend as NativeBackend, {
      rate: (learningRate * root) / (1 - beta1 ** step),
      epsilon: epsilon * root,
      newMean: 1 - beta1,
      newSquare: 1 - beta2,
    })
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

const graph = compiledOnce(() => {
  const builder = new GraphBuilder()
  const [weights, mean, square, gradient] = vectorNames.map((name) => builder.placeholder(name)) as Vectors
  const [rate, epsilon, newMean, newSquare] = numberNames.map((name) => builder.placeholder(name)) as Vectors
  const towards = (from: string, to: string, share: string): string =>
    builder.add(from, builder.multiply(builder.subtract(to, from), share))
  const m = towards(mean, gradient, newMean)
  const v = towards(square, builder.multiply(gradient, gradient), newSquare)
  const scale = builder.add(builder.squareRoot(v), epsilon)
  builder.output('w', builder.subtract(weights, builder.divide(builder.multiply(m, rate), scale)))
  builder.output('m', m)
  builder.output('v', v)
  return builder
})

type Vectors = [string, string, string, string]
