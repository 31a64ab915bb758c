import { type NativeBackend, type OpAttribute, typeAttribute } from './native-backend.js'

/** What `FusedBatchNormV3` and its gradient both want to be told while training. */
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
