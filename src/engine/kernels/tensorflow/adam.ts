import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { AdamAttributes } from '../../ops/adamUpdate.js'
import { input } from '../inputs.js'
import { constants, type NativeBackend, typeAttribute } from './native-backend.js'
import { valueOf, variableOf } from './variable.js'

/**
 * `PwoaAdam`, see `adamUpdate`: `ResourceApplyAdam` computes w − lr·√(1 − β2ᵗ)/(1 − β1ᵗ) · m/(√v + ε′), which is
 * PyTorch's update for ε′ = ε·√(1 − β2ᵗ).
 *
 * Its 1 − β are float32: those of the β that float32 has, so that these are used here, too. Its 1 − βᵗ would lose five
 * digits in the first steps: they go into the learning rate, and it is told that βᵗ = 0.
 */
export const adam: KernelConfig = {
  kernelName: 'PwoaAdam',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { learningRate, beta1, beta2, epsilon, step } = attrs as unknown as AdamAttributes
    const variables = ['weights', 'mean', 'square'].map((name) => variableOf(native, input(inputs, name)))
    const root = Math.sqrt(1 - Math.fround(beta2) ** step)
    const rate = (learningRate * root) / (1 - Math.fround(beta1) ** step)
    const numbers = constants(native, [0, 0, rate, beta1, beta2, epsilon * root])
    native.executeMultipleOutputs(
      'ResourceApplyAdam',
      [typeAttribute(native, 'T', 'float32')],
      [...variables, ...numbers.tensors, input(inputs, 'gradient')],
      0,
    )
    const updated = variables.map((variable) => valueOf(native, variable))
    for (const variable of variables) variable.dispose()
    numbers.dispose()
    return updated
  },
}
