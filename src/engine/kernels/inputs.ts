import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'

/** The input `name` of a kernel. @throws Error if it is missing, which is a programming error */
export const input = (inputs: NamedTensorInfoMap, name: string): TensorInfo => {
  const tensor = inputs[name]
  if (tensor === undefined) throw new Error(`the kernel's input ${name} is missing`)
  return tensor
}
