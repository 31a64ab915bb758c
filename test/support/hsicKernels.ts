import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { canCompile, compileGraph } from '../../src/engine/graph/compiledGraph.js'
import { gaussianKernel } from '../../src/engine/ops/gaussianKernel.js'
import { tf } from '../../src/engine/tf.js'
import { exponentOf } from '../../src/math/hsic/bottleneck.js'
import { bottleneckMatrix } from '../../src/math/hsic/hsic.js'
import { lossGraph, names } from '../../src/math/hsic/hsicGraph.js'

/** R_X of any tensor with one row of features per example: the Gaussian kernel, normalised. */
export const normalisedGaussian = (x: Tensor): Tensor2D =>
  tf.tidy(() => bottleneckMatrix(x, tf.zeros<Rank.R2>([x.shape[0] ?? 0, 1]), { lambdaX: 1, lambdaY: 0 }))

/** R_Y of labels: the linear kernel, normalised. */
export const normalisedLinear = (labels: Tensor2D): Tensor2D =>
  bottleneckMatrix(labels, labels, { lambdaX: 0, lambdaY: -1 })

/** K − 1 of the Gaussian kernel, as the engine in use has it on its way to the loss: n × n. */
export const gaussianMinusOne = (z: Tensor): Tensor2D =>
  tf.tidy(() => {
    const [n = 0] = z.shape
    const exponent = exponentOf(z.size / n)
    if (!canCompile()) return gaussianKernel(z, exponent).kernel
    const feeds = {
      [names.activations(0)]: z,
      [names.exponent(0)]: tf.scalar(exponent),
      [names.rowShape]: tf.tensor1d([n, -1], 'int32'),
    }
    const [kernel] = compileGraph(lossGraph(1, 1)).run(feeds, [names.kernel(0)])
    return kernel as Tensor2D
  })
