import type { TensorInfo } from '@tensorflow/tfjs-core'
import { type NativeBackend, typeAttribute } from './native-backend.js'

/** TensorFlow's own name for a variable that nobody shares: it goes when its handle goes. */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'

type Owned = TensorInfo & { readonly dispose: () => void }

/** A variable with a copy of the vector, as TensorFlow's fused optimizers want their operands. The caller disposes. */
export const variableOf = (native: NativeBackend, vector: TensorInfo): Owned => {
  const { TF_ATTR_SHAPE, TF_ATTR_STRING } = native.binding
  const type = typeAttribute(native, 'dtype', 'float32')
  const variable = native.executeSingleOutput(
    'VarHandleOp',
    [
      { name: 'shared_name', type: TF_ATTR_STRING, value: ANONYMOUS },
      type,
      { name: 'shape', type: TF_ATTR_SHAPE, value: vector.shape },
    ],
    [],
  )
  // Shares the vector's memory: TensorFlow copies before it writes, as the vector is still held here.
  native.executeMultipleOutputs('AssignVariableOp', [type], [variable, vector], 0)
  return variable
}

/** What the variable holds now, as a tensor of its own. */
export const valueOf = (native: NativeBackend, variable: TensorInfo): TensorInfo =>
  native.executeSingleOutput('ReadVariableOp', [typeAttribute(native, 'dtype', 'float32')], [variable])
