import type { Pair } from '../../dsl/kit/extent.js'
import { DoubleNodes } from './doubleNodes.js'
import { float, text, type Value } from './graphNodes.js'
import type { AttributeValue } from './savedModel.js'

/** TensorFlow's kinds of padding. */
export type Padding = 'same' | 'valid'

/** Attributes of a convolution and its gradients. */
const windows = (stride: Pair, padding: Padding): Readonly<Record<string, AttributeValue>> => ({
  strides: { list: { i: [1, ...stride, 1] } },
  padding: text(padding.toUpperCase()),
  data_format: text('NHWC'),
})

/** Attributes of pooling and its gradients. */
const pooling = (kernel: Pair, stride: Pair): Readonly<Record<string, AttributeValue>> => ({
  ...windows(stride, 'valid'),
  ksize: { list: { i: [1, ...kernel, 1] } },
})

/** Attributes of batch normalisation in training and its gradient. */
const normalising = (epsilon: number): Readonly<Record<string, AttributeValue>> => ({
  T: float,
  U: float,
  epsilon: { f: epsilon },
  data_format: text('NHWC'),
  is_training: { b: true },
})

/** Mean and biased variance of each channel. */
export interface Moments {
  readonly mean: Value
  readonly variance: Value
}

/** Output of batch normalisation, and the moments that it used. */
export interface Normalised extends Moments {
  readonly y: Value
}

/** Adds layers of networks and their gradients, as operations on images n × height × width × channels. */
export class LayerNodes extends DoubleNodes {
  /** x ∗ filter. Bias and ReLU are separate operations; TensorFlow fuses the three when it loads the graph. */
  conv2d(x: Value, filter: Value, stride: Pair, padding: Padding): Value {
    return this.operation('Conv2D', [x, filter], { T: float, ...windows(stride, padding) })
  }

  conv2dInputGradient(inputShape: Value, filter: Value, dy: Value, stride: Pair, padding: Padding): Value {
    return this.operation('Conv2DBackpropInput', [inputShape, filter, dy], { T: float, ...windows(stride, padding) })
  }

  conv2dFilterGradient(x: Value, filterShape: readonly number[], dy: Value, stride: Pair, padding: Padding): Value {
    return this.operation('Conv2DBackpropFilter', [x, this.integers(filterShape), dy], {
      T: float,
      ...windows(stride, padding),
    })
  }

  /** @param filter kernel height × kernel width × in × outputs per input; its gradients expect its shape in this form, too */
  depthwiseConv2d(x: Value, filter: Value, stride: Pair, padding: Padding): Value {
    return this.operation('DepthwiseConv2dNative', [x, filter], { T: float, ...windows(stride, padding) })
  }

  depthwiseInputGradient(inputShape: Value, filter: Value, dy: Value, stride: Pair, padding: Padding): Value {
    return this.operation('DepthwiseConv2dNativeBackpropInput', [inputShape, filter, dy], {
      T: float,
      ...windows(stride, padding),
    })
  }

  depthwiseFilterGradient(x: Value, filterShape: readonly number[], dy: Value, stride: Pair, padding: Padding): Value {
    return this.operation('DepthwiseConv2dNativeBackpropFilter', [x, this.integers(filterShape), dy], {
      T: float,
      ...windows(stride, padding),
    })
  }

  biasAdd(x: Value, bias: Value): Value {
    return this.operation('BiasAdd', [x, bias], { T: float, data_format: text('NHWC') })
  }

  biasGradient(dy: Value): Value {
    return this.operation('BiasAddGrad', [dy], { T: float, data_format: text('NHWC') })
  }

  relu(x: Value): Value {
    return this.operation('Relu', [x], { T: float })
  }

  /** dy where y > 0, else 0. */
  reluGradient(dy: Value, y: Value): Value {
    return this.operation('ReluGrad', [dy, y], { T: float })
  }

  /** −Σ_c labels · log softmax(logits) of each row, and its gradient with respect to the logits. */
  softmaxCrossEntropy(logits: Value, labels: Value): { readonly losses: Value; readonly gradient: Value } {
    const node = this.operation('SoftmaxCrossEntropyWithLogits', [logits, labels], { T: float })
    return { losses: node, gradient: `${node}:1` }
  }

  maxPool(x: Value, kernel: Pair, stride: Pair): Value {
    return this.operation('MaxPool', [x], { T: float, ...pooling(kernel, stride) })
  }

  maxPoolGradient(x: Value, y: Value, dy: Value, kernel: Pair, stride: Pair): Value {
    return this.operation('MaxPoolGrad', [x, y, dy], { T: float, ...pooling(kernel, stride) })
  }

  avgPool(x: Value, kernel: Pair, stride: Pair): Value {
    return this.operation('AvgPool', [x], { T: float, ...pooling(kernel, stride) })
  }

  avgPoolGradient(inputShape: Value, dy: Value, kernel: Pair, stride: Pair): Value {
    return this.operation('AvgPoolGrad', [inputShape, dy], { T: float, ...pooling(kernel, stride) })
  }

  /**
   * Batch normalisation by the minibatch's own moments: γ·(x − μ)/√(σ² + ε) + β. Also returns μ and the biased σ² of
   * each channel, for the gradient.
   */
  batchNorm(x: Value, scale: Value, offset: Value, epsilon: number): Normalised {
    const none = this.nothing()
    const node = this.operation('FusedBatchNormV3', [x, scale, offset, none, none], {
      ...normalising(epsilon),
      exponential_avg_factor: { f: 1 },
    })
    // The third output is the unbiased variance; the biased one is the fifth, on a CPU.
    return { y: node, mean: `${node}:3`, variance: `${node}:4` }
  }

  /** ∂/∂x, ∂/∂γ and ∂/∂β of `batchNorm`. */
  batchNormGradient(
    dy: Value,
    x: Value,
    scale: Value,
    moments: Moments,
    epsilon: number,
  ): readonly [Value, Value, Value] {
    const node = this.operation(
      'FusedBatchNormGradV3',
      [dy, x, scale, moments.mean, moments.variance, this.nothing()],
      normalising(epsilon),
    )
    return [node, `${node}:1`, `${node}:2`]
  }
}
