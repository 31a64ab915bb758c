import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { type Architecture, INPUT } from '../architecture/architecture.js'
import { type NodeShape, numbersIn } from '../architecture/shapes.js'
import { type NodeFunction, nodesOn, type ParameterTensors } from '../forward/forward.js'
import { isRelu } from './affine.js'
import { type Ball, leastOn, rowSums } from './box.js'
import { type Interval, type ReluLines, reluLines, unstableCount } from './relaxation.js'

/** A network in use, whose layers are affine or ReLU; see `checkBounded`. */
export interface BoundedNetwork {
  readonly architecture: Architecture
  readonly parameters: ParameterTensors
}

/** Lower bounds of linear functions of the logits, for all images of a ball. */
export interface LowerBounds {
  /** A number for each function. */
  readonly lower: Float32Array
  /** How far rounding in float32 may have moved each; an estimate. */
  readonly slack: Float32Array
  /** ReLUs whose sign the ball does not decide, by the bounds. */
  readonly unstable: number
  /** ReLUs of the network. */
  readonly relus: number
}

/** Functions that are bounded at once: memory grows with it, results do not depend on it. */
const ROWS = 512

/** Rounding in float32, relative to the sum of the absolute values that are added. */
const ROUNDING = 1e-5

/**
 * CROWN: bounds the network by linear functions of the image, from the logits back to the pixels. Each ReLU is replaced by a
 * line below or above it, by the sign of its coefficient, between bounds of its input that are found the same way.
 *
 * Source: Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions", NeurIPS 2018,
 * theorem 3.2 and corollary 3.3.
 *
 * @param image 1 × height × width × channels, the middle of the ball
 * @param functions coefficients of the logits, a row for each function
 */
export const crownBounds = (
  { architecture, parameters }: BoundedNetwork,
  image: Tensor4D,
  ball: Ball,
  functions: Tensor2D,
): LowerBounds =>
  tf.tidy(() => {
    const nodes = nodesOn(architecture, parameters)
    const lines = new Map<string, ReluLines>()
    let [unstable, relus] = [0, 0]
    for (const [index, { node }] of nodes.entries()) {
      if (!isRelu(node.layer)) continue
      const [source = INPUT] = node.inputs
      const interval = intervalOf({ nodes: nodes.slice(0, index), lines, image, ball }, source, node.shape)
      unstable += unstableCount(interval)
      relus += numbersIn(node.shape)
      lines.set(node.id, reluLines(interval))
    }
    const last = architecture.nodes.at(-1)?.id ?? INPUT
    const { lower, slack } = lowerOf({ nodes, lines, image, ball }, last, functions)
    return { lower: numbers(lower), slack: numbers(slack), unstable, relus }
  })

interface Pass {
  readonly nodes: readonly NodeFunction[]
  /** Of each ReLU among the nodes. */
  readonly lines: ReadonlyMap<string, ReluLines>
  readonly image: Tensor4D
  readonly ball: Ball
}

/** Bounds of each number that a node returns. */
const intervalOf = (pass: Pass, id: string, shape: NodeShape): Interval => {
  const size = numbersIn(shape)
  const parts = Array.from({ length: Math.ceil(size / ROWS) }, (_, part) =>
    tf.tidy(() => {
      const first = part * ROWS
      const count = Math.min(ROWS, size - first)
      const one = tf.oneHot(tf.range(first, first + count, 1, 'int32'), size)
      const both = tf.concat([one, tf.neg(one)])
      const { lower } = lowerOf(pass, id, tf.reshape(tf.cast(both, 'float32'), [2 * count, ...extents(shape)]))
      return tf.split(lower, 2)
    }),
  )
  const joined = (which: 0 | 1): Tensor =>
    tf.reshape(tf.concat(parts.map((part) => part[which] as Tensor1D)), [1, ...extents(shape)])
  return { lower: joined(0), upper: tf.neg(joined(1)) }
}

/** Lower bounds of functions of what a node returns: from the node back to the pixels. */
const lowerOf = ({ nodes, lines, image, ball }: Pass, id: string, functions: Tensor) =>
  tf.tidy(() => {
    const rows = functions.shape[0] ?? 0
    const coefficients = new Map<string, Tensor>([[id, functions]])
    const constants: Tensor1D[] = []
    const pass = (to: string, more: Tensor): void => {
      const before = coefficients.get(to)
      coefficients.set(to, before ? tf.add(before, more) : more)
    }
    for (const { node, apply } of nodes.toReversed()) {
      const own = coefficients.get(node.id)
      if (!own) continue
      coefficients.delete(node.id)
      const relu = lines.get(node.id)
      const { constant, back } = relu
        ? throughRelu(own, relu)
        : throughAffine(
            own,
            apply,
            node.inputShapes.map((shape) => [rows, ...extents(shape)]),
          )
      constants.push(constant)
      for (const [i, more] of back.entries()) pass(node.inputs[i] ?? INPUT, more)
    }
    const onImage = coefficients.get(INPUT) ?? tf.zeros([rows, ...image.shape.slice(1)])
    const constant = sumOf(constants, rows)
    const magnitude = tf.add(
      rowSums(tf.abs(onImage)),
      sumOf(
        constants.map((one) => tf.abs(one)),
        rows,
      ),
    )
    return {
      lower: tf.add(leastOn(ball, image, onImage), constant) as Tensor1D,
      slack: tf.mul(magnitude, ROUNDING) as Tensor1D,
    }
  })

interface Through {
  readonly constant: Tensor1D
  /** The coefficients of each input. */
  readonly back: readonly Tensor[]
}

/** a · relu(x) ≥ (a⁺ · below + a⁻ · above) · x + a⁻ · offset. */
const throughRelu = (own: Tensor, { below, above, offset }: ReluLines): Through => {
  const [positive, negative] = [tf.relu(own), tf.minimum(own, 0)]
  return {
    constant: rowSums(tf.mul(negative, offset)),
    back: [tf.add(tf.mul(positive, below), tf.mul(negative, above))],
  }
}

/** a · (W x + b) = (Wᵀ a) · x + a · b: Wᵀ a is the gradient at any x, and b the value at 0. */
const throughAffine = (own: Tensor, apply: NodeFunction['apply'], shapes: readonly number[][]): Through => {
  const zeros = shapes.map((shape) => tf.zeros(shape))
  const gradients = tf.grads((...inputs: Tensor[]) => apply(inputs))(zeros, own)
  const atZero = apply(shapes.map(([, ...rest]) => tf.zeros([1, ...rest])))
  return { constant: rowSums(tf.mul(own, atZero)), back: gradients }
}

const sumOf = (terms: readonly Tensor1D[], rows: number): Tensor1D =>
  terms.reduce((sum, term) => tf.add(sum, term), tf.zeros([rows]) as Tensor1D)

const extents = (shape: NodeShape): number[] =>
  shape.kind === 'vector' ? [shape.features] : [shape.height, shape.width, shape.channels]

const numbers = (tensor: Tensor1D): Float32Array => tensor.dataSync<'float32'>().slice()
