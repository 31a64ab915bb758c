import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { gaussianKernel } from '../../src/engine/ops/gaussianKernel.js'
import { tf } from '../../src/engine/tf.js'
import { exponentOf, SIGMA } from '../../src/math/hsic/bottleneck.js'
import { bottleneckLoss, bottleneckMatrix, nHsic } from '../../src/math/hsic/hsic.js'
import { stream } from '../../src/math/random.js'
import { adam } from '../../src/training/step/adam.js'
import { toyImages } from './toyImages.js'

/** A toy minibatch after a hidden layer of two units. */
export interface Toy {
  /** Activations: n × 2, row by row. */
  readonly hidden: Float32Array
  /** The class of each image, 0 or 1. */
  readonly classes: Uint8Array
}

/** The options of the bottleneck: the kernel's width and the weights of its two terms. */
export interface Weights {
  readonly sigma: number
  readonly lambdaX: number
  readonly lambdaY: number
}

/** The dependence of the hidden activations on images and labels. */
export interface Measured {
  /** nHSIC(X, Z). */
  readonly ofImages: number
  /** nHSIC(Y, Z). */
  readonly ofLabels: number
  /** The kernel matrix of the hidden activations, n × n. */
  readonly kernel: Float32Array
}

const DIMENSIONS = 2
const { images, classes } = toyImages(stream(0, 'bottleneck'))
const COUNT = classes.length

/** The layer at the start: its activations are the images. */
export const start = (): Toy => ({ hidden: images.slice(), classes })

const rows = (values: Float32Array): Tensor2D => tf.tensor2d(values, [COUNT, DIMENSIONS])

/** The kernel depends only on x/σ, so scaling x by SIGMA/σ has the effect of σ in functions with a fixed SIGMA. */
const scaled = (values: Tensor, sigma: number): Tensor2D => tf.mul(values, SIGMA / sigma) as Tensor2D

const oneHot = (): Tensor2D => tf.tensor2d(Array.from(classes, (label) => [1 - label, label]))

const matrixOf = ({ sigma, lambdaX, lambdaY }: Weights): Tensor2D =>
  bottleneckMatrix(scaled(rows(images), sigma), oneHot(), { lambdaX, lambdaY })

const numberOf = (scalar: Tensor): number => scalar.dataSync()[0] ?? 0

/** Measures what the hidden activations keep of the images and of the labels, with a kernel of width σ. */
export const measure = ({ hidden }: Toy, sigma: number): Measured =>
  tf.tidy(() => {
    const z = scaled(rows(hidden), sigma)
    const { kernel } = gaussianKernel(z, exponentOf(DIMENSIONS))
    return {
      ofImages: numberOf(nHsic(z, matrixOf({ sigma, lambdaX: 1, lambdaY: 0 }))),
      ofLabels: numberOf(nHsic(z, matrixOf({ sigma, lambdaX: 0, lambdaY: -1 }))),
      kernel: tf.add(kernel, 1).dataSync<'float32'>().slice(),
    }
  })

const optimizer = adam()

/** Takes steps of Adam on λx·nHSIC(X, Z) − λy·nHSIC(Y, Z), with Z itself as the parameters, without a network. */
export const descend = ({ hidden }: Toy, weights: Weights, steps: number): Toy =>
  tf.tidy(() => {
    const s = matrixOf(weights)
    const gradientAt = tf.grad((z: Tensor) => bottleneckLoss([z], s))
    let moved: Tensor1D = tf.tensor1d(hidden)
    let slots: readonly Tensor1D[] = [tf.zerosLike(moved), tf.zerosLike(moved)]
    for (let step = 1; step <= steps; step++) {
      const z = scaled(tf.reshape(moved, [COUNT, DIMENSIONS]), weights.sigma)
      // By the chain rule, the gradient before scaling.
      const gradient = tf.reshape(scaled(gradientAt(z), weights.sigma), [-1]) as Tensor1D
      const update = optimizer.update({ weights: moved, gradient, slots, step, learningRate: 0.05 })
      moved = update.weights
      slots = update.slots
    }
    return { hidden: moved.dataSync<'float32'>().slice(), classes }
  })
