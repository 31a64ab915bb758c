import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, test } from 'vitest'
import { deviceRules, useRules } from '../../../src/engine/device.js'
import { canCompile } from '../../../src/engine/graph/compiledGraph.js'
import { inverseDeviation } from '../../../src/engine/kernels/tensorflow/batchNormGrad.js'
import type { NativeBackend } from '../../../src/engine/nativeBackend.js'
import { adamUpdate } from '../../../src/engine/ops/adamUpdate.js'
import { batchNorm } from '../../../src/engine/ops/batchNorm.js'
import { momentumUpdate } from '../../../src/engine/ops/momentumUpdate.js'
import { softmaxCrossEntropy } from '../../../src/engine/ops/softmaxCrossEntropy.js'
import { tf } from '../../../src/engine/tf.js'
import { bottleneckLoss, bottleneckMatrix } from '../../../src/math/hsic/hsic.js'
import { expectClose } from '../../support/expectClose.js'
import { type Need, needing } from '../../support/needs.js'

afterEach(() => useRules(deviceRules.cpu))

/** The results of `compute` by the rules of a processor and by those of a GPU, and how many tensors each leaves. */
const byBoth = (compute: () => readonly Tensor[]): readonly [number[][], number[][]] => {
  const of = (kind: 'cpu' | 'gpu'): number[][] => {
    useRules(deviceRules[kind])
    // Graphs that are loaded for the first time keep nothing.
    const before = tf.memory().numTensors
    const results = tf.tidy(() => compute().map((tensor) => [...tensor.dataSync()]))
    expect(tf.memory().numTensors).toBe(before)
    return results
  }
  return [of('cpu'), of('gpu')]
}

const agree = (compute: () => readonly Tensor[], tolerance = 1e-6): void => {
  const [graph, operations] = byBoth(compute)
  for (const [i, values] of graph.entries()) expectClose(operations[i] ?? [], values, tolerance, `result ${i}`)
}

const vector = (n: number, seed: number): Tensor1D => tf.randomNormal([n], 0, 1, 'float32', seed)

/** The rules of a processor, which these tests compare with, hold on a processor only. */
const processor: Need = {
  name: 'processor that computes',
  isThere: () => process.env.PWOA_TEST_DEVICE !== 'gpu',
  skipped: 'comparisons with the rules of a processor, on a GPU',
}

describe('by the rules of a GPU', needing(processor), () => {
  test('no graph is compiled', () => {
    useRules(deviceRules.cpu)
    expect(canCompile()).toBe(true)
    useRules(deviceRules.gpu)
    expect(canCompile()).toBe(false)
  })

  test('Adam and momentum take the same steps by operations', () => {
    const vectors = () => ({ weights: vector(9, 1), mean: vector(9, 2), square: tf.square(vector(9, 3)) as Tensor1D })
    const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 3 }
    agree(() => adamUpdate({ ...vectors(), gradient: vector(9, 4) }, adam))
    const momentum = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }
    agree(() => momentumUpdate({ weights: vector(9, 1), velocity: vector(9, 2), gradient: vector(9, 3) }, momentum))
  })

  test('cross entropy has the same value and gradient, also of far logits', () => {
    const logits = () => tf.mul(tf.randomNormal([5, 4], 0, 1, 'float32', 7), 60) as Tensor2D
    const labels = () => tf.oneHot(tf.tensor1d([0, 3, 1, 2, 2], 'int32'), 4, 1, 0, 'float32') as Tensor2D
    agree(() => {
      const truth = labels()
      const { value, grad } = tf.valueAndGrad((x) => tf.sum(softmaxCrossEntropy(x as Tensor2D, truth)))(logits())
      return [softmaxCrossEntropy(logits(), truth), value, grad]
    })
  })

  test('the bottleneck has the same value and gradients', () => {
    const weights = { lambdaX: 0.6, lambdaY: 0.3, sigma: 5 }
    agree(() => {
      const images = tf.randomUniform([7, 4, 4, 1], 0, 1, 'float32', 3)
      const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 2], 'int32'), 3, 1, 0, 'float32') as Tensor2D
      const matrix = bottleneckMatrix(images, labels, weights)
      const hidden = tf.randomNormal([7, 6], 0, 1, 'float32', 4)
      const { value, grad } = tf.valueAndGrad((z) => bottleneckLoss([z], matrix))(hidden)
      return [matrix, value, grad]
    }, 2e-4)
  })

  test('the biased variance of batch normalisation follows from the unbiased one', () => {
    agree(() => {
      const x: Tensor4D = tf.randomNormal([3, 2, 2, 5], 1, 2, 'float32', 5)
      const { mean, variance } = batchNorm(x, vector(5, 1), vector(5, 2), 1e-5, 'linear')
      return [mean, variance]
    })
  })

  test('the gradient of batch normalisation gets 1 / √(variance + ε), as a GPU keeps it', () => {
    const native = tf.backend() as NativeBackend
    const variance = tf.tensor1d([0, 0.5, 4])
    const inverse = inverseDeviation(native, variance, 0.25)
    const kept = native.readSync(inverse.dataId) as Float32Array
    expectClose(kept, [2, 1 / Math.sqrt(0.75), 1 / Math.sqrt(4.25)], 1e-6, '1 / √(variance + ε)')
    native.disposeData(inverse.dataId)
    variance.dispose()
  })
})
