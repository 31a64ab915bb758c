/** Calls a kernel of the loaded engine by its name. */
import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../../src/engine/tf.js'

/** The kernel's outputs as a list, even if there is only one. */
export const runKernel = (
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: Readonly<Record<string, unknown>> = {},
): readonly Tensor[] => {
  const result: Tensor | Tensor[] = tf.engine().runKernel(name, { ...inputs }, { ...attrs } as NamedAttrMap)
  return Array.isArray(result) ? result : [result]
}

/** The first output's values. */
export const kernelValues = (...call: Parameters<typeof runKernel>): readonly number[] => {
  const outputs = runKernel(...call)
  const values = Array.from(outputs[0]?.dataSync() ?? [])
  for (const output of outputs) output.dispose()
  return values
}
