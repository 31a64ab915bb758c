import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Arithmetic } from '../activations/arithmetic.js'
import { formulaOf } from '../activations/formulas.js'
import type { Nonlinearity } from '../activations/nonlinearity.js'

/** The operations on tensors of any shape. */
const tensors: Arithmetic<Tensor> = {
  constant: (value) => tf.scalar(value),
  plus: (a, b) => tf.add(a, b),
  minus: (a, b) => tf.sub(a, b),
  times: (a, b) => tf.mul(a, b),
  exp: (x) => tf.exp(x),
  expm1: (x) => tf.expm1(x),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  erf: (x) => tf.erf(x),
  softplus: (x) => tf.softplus(x),
  atLeast: (x, least) => tf.maximum(x, least),
  atMost: (x, most) => tf.minimum(x, most),
  step: (x) => tf.step(x),
}

/** x for x > 0, else slope·x. @param slope one number for each channel, or one for all */
export const sloped = (x: Tensor, slope: Tensor): Tensor => tf.add(tf.relu(x), tf.mul(slope, tf.minimum(x, 0)))

/** Applies an element-wise function to a tensor of any shape. Its gradient is dy·f′(x). */
export const applied = (given: Nonlinearity, x: Tensor): Tensor => {
  const { value, slope } = formulaOf(given)
  return tf.customGrad((input, save) => {
    const z = input as Tensor
    ;(save as (saved: Tensor[]) => void)([z])
    return {
      value: tf.tidy(() => value(tensors, z)),
      gradFunc: (dy, saved) => tf.mul(dy, slope(tensors, (saved as Tensor[])[0] ?? z)),
    }
  })(x)
}
