import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { NativeBackend } from './native-backend.js'

/** No floats at all, `[0]`, for an input that an op has but does not read. The caller frees it: `disposeData`. */
export const emptyInput = (native: NativeBackend): TensorInfo => ({
  dataId: native.write(new Float32Array(0), [0], 'float32'),
  shape: [0],
  dtype: 'float32',
})
