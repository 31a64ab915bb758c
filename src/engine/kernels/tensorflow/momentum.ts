import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { MomentumAttributes } from '../../ops/momentumUpdate.js'
import { input } from '../inputs.js'
import { constants, type NativeBackend, typeAttribute } from './native-backend.js'
import { valueOf, variableOf } from './variable.js'

/** `PwoaMomentum`, see `momentumUpdate`: `ResourceApplyMomentum`. */
export const momentum: KernelConfig = {
  kernelName: 'PwoaMomentum',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend
    const { learningRate, momentum: decay } = attrs as unknown as MomentumAttributes
    const variables = ['weights', 'velocity'].map((name) => variableOf(native, input(inputs, name)))
    const numbers = constants(native, [learningRate, decay])
    const [rate, kept] = numbers.tensors
    if (!rate || !kept) throw new Error('the constants of the kernel are missing')
    native.executeMultipleOutputs(
      'ResourceApplyMomentum',
      [typeAttribute(native, 'T', 'float32')],
      [...variables, rate, input(inputs, 'gradient'), kept],
      0,
    )
    const updated = variables.map((variable) => valueOf(native, variable))
    for (const variable of variables) variable.dispose()
    numbers.dispose()
    return updated
  },
}
