import type { KernelConfig, NamedAttrMap, NamedTensorInfoMap, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import type { DifferenceAttributes } from '../../ops/normalisedDifference.js'
import type { Tf } from '../../tf.js'
import { input } from '../kernels.js'

/**
 * The kernels of the HSIC bottleneck by operations, for a device that gains nothing by graphs: `PwoaGaussianKernel`,
 * `PwoaRegularise`, `PwoaNormalisedDifference` and `PwoaBottleneckGradient`, as those of the portable engine.
 */
export const bottleneckKernels = (tf: Tf): readonly KernelConfig[] => {
  const kernel = (
    kernelName: string,
    compute: (of: (name: string) => Tensor2D, attributes: NamedAttrMap) => Tensor | Tensor[],
  ): KernelConfig => ({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs = {} }) => tf.tidy(() => compute(tensorIn(inputs), attrs)),
  })

  /** HKH of a symmetric K. */
  const centred = (k: Tensor2D): Tensor2D => {
    const means = tf.mean(k, 1, true)
    return tf.sub(tf.sub(k, tf.sub(means, tf.mean(means))), tf.mean(k, 0, true))
  }

  return [
    kernel('PwoaGaussianKernel', (of, { exponent }) => {
      const z = of('z')
      const flat = tf.reshape(z, [z.shape[0], -1])
      const rows: Tensor = tf.sub(flat, tf.mean(flat, 0, true))
      const gram: Tensor = tf.matMul(rows, rows, false, true)
      const norms = tf.sum(tf.mul(gram, tf.eye(z.shape[0])), 1)
      const distances = tf.sub(tf.add(norms, tf.expandDims(norms, 1)), tf.add(gram, gram))
      return [rows, tf.expm1(tf.mul(distances, Number(exponent)))]
    }),
    kernel('PwoaRegularise', (of, { ridge }) => {
      const hkh = centred(of('kernel'))
      return tf.add(tf.add(hkh, tf.mean(tf.abs(hkh))), tf.mul(tf.eye(hkh.shape[0]), Number(ridge)))
    }),
    kernel('PwoaNormalisedDifference', (of, attributes) => {
      const { ridge, lambdaX, lambdaY } = attributes as unknown as DifferenceAttributes
      const identity = tf.eye(of('x').shape[0])
      const normalised = (inverse: Tensor2D): Tensor2D => centred(tf.sub(identity, tf.mul(inverse, ridge)))
      return tf.sub(tf.mul(normalised(of('x')), lambdaX), tf.mul(normalised(of('y')), lambdaY))
    }),
    kernel('PwoaBottleneckGradient', (of, { scale }) => {
      const inverse = of('inverse')
      const g: Tensor2D = tf.matMul(tf.matMul(inverse, of('matrix')), inverse)
      const d = tf.mul(tf.mul(centred(g), tf.add(of('kernel'), 1)), Number(scale))
      const rows = of('rows')
      return tf.sub(tf.mul(tf.sum(d, 1, true), rows), tf.matMul(d, rows))
    }),
  ]
}

const tensorIn =
  (inputs: NamedTensorInfoMap) =>
  (name: string): Tensor2D =>
    input(inputs, name) as Tensor2D
