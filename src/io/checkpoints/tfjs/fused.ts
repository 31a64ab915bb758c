import { text, texts, type Value, whole } from './graphModel.js'
import type { Place } from './place.js'

/** The order of an image's axes, as an attribute. */
export const NHWC = { data_format: text('NHWC') }

/** Adds the ReLU after a layer, if it has one. */
export const activated = ({ graph, kernel }: Place, value: Value): Value =>
  kernel.activation === 'relu' ? graph.node('Relu', kernel.result, [value]) : value

/** The attributes by which TensorFlow fuses a product with its bias and the ReLU after it. */
export const fused = ({ kernel }: Place) => ({
  fused_ops: texts(kernel.activation === 'relu' ? ['BiasAdd', 'Relu'] : ['BiasAdd']),
  num_args: whole(1),
})
