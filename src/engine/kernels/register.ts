import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Tf } from '../tf.js'

/** Registers the kernels that are not there yet: an engine's own, or a future version's, take precedence. */
export const registerMissing = (tf: Tf, kernels: readonly KernelConfig[]): void => {
  for (const kernel of kernels) {
    if (tf.getKernel(kernel.kernelName, kernel.backendName) === undefined) tf.registerKernel(kernel)
  }
}

/** Registers the kernels in place of those that the engine has. */
export const registerInstead = (tf: Tf, kernels: readonly KernelConfig[]): void => {
  for (const kernel of kernels) {
    if (tf.getKernel(kernel.kernelName, kernel.backendName) !== undefined) {
      tf.unregisterKernel(kernel.kernelName, kernel.backendName)
    }
    tf.registerKernel(kernel)
  }
}
