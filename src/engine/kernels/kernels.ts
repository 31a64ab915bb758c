import type { KernelConfig, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { Tf } from '../tf.js'

/** Registers the kernels that the engine lacks: its own, in this or a later version, take precedence. */
export const registerMissing = (tf: Tf, kernels: readonly KernelConfig[]): void => {
  for (const kernel of kernels) {
    if (tf.getKernel(kernel.kernelName, kernel.backendName) === undefined) tf.registerKernel(kernel)
  }
}

/** Registers the kernels, in place of the engine's own if it has them. */
export const registerInstead = (tf: Tf, kernels: readonly KernelConfig[]): void => {
  for (const kernel of kernels) {
    if (tf.getKernel(kernel.kernelName, kernel.backendName) !== undefined) {
      tf.unregisterKernel(kernel.kernelName, kernel.backendName)
    }
    tf.registerKernel(kernel)
  }
}

/** The input `name` of a kernel. @throws Error if it is missing, which is a programming error */
export const input = (inputs: NamedTensorInfoMap, name: string): TensorInfo => {
  const tensor = inputs[name]
  if (tensor === undefined) throw new Error(`the kernel's input ${name} is missing`)
  return tensor
}
