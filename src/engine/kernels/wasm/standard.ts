import type { Attribute, KernelBackend, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'

/** Runs one of the engine's own kernels that gives one output. */
export const runStandard = (
  tf: Tf,
  kernelName: string,
  backend: unknown,
  inputs: Readonly<Record<string, TensorInfo>>,
  attrs: Readonly<Record<string, Attribute | undefined>>,
): TensorInfo => {
  const kernel = tf.getKernel(kernelName, 'wasm')
  if (kernel === undefined) throw new Error(`the wasm engine has no kernel ${kernelName}`)
  return kernel.kernelFunc({
    inputs: { ...inputs },
    attrs: attrs as NamedAttrMap,
    backend: backend as KernelBackend,
  }) as TensorInfo
}
