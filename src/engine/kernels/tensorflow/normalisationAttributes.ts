import type { TensorInfo } from '@tensorflow/tfjs-core'
import { type NativeBackend, type OpAttribute, typeAttribute } from '../../nativeBackend.js'

/** The attributes that `FusedBatchNormV3` and its gradient share in training. */
export const normalisationAttributes = (native: NativeBackend, epsilon: number): readonly OpAttribute[] => {
  const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_STRING } = native.binding
  return [
    typeAttribute(native, 'T', 'float32'),
    typeAttribute(native, 'U', 'float32'),
    { name: 'epsilon', type: TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: TF_ATTR_BOOL, value: true },
  ]
}

/** An empty float vector `[0]`, for an input that an op has but does not read. The caller frees it: `disposeData`. */
export const emptyInput = (native: NativeBackend): TensorInfo => ({
  dataId: native.write(new Float32Array(0), [0], 'float32'),
  shape: [0],
  dtype: 'float32',
})
