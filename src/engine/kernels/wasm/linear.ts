import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import { input } from '../inputs.js'
import { runStandard } from './standard.js'

/** `PwoaLinear`, see the native kernel: wasm's `_FusedMatMul`, which wants a batch dimension in front. */
export const linear = (tf: Tf): KernelConfig => ({
  kernelName: 'PwoaLinear',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const [x, weight] = [input(inputs, 'x'), input(inputs, 'weight')]
    const product = runStandard(
      tf,
      '_FusedMatMul',
      backend,
      {
        a: { ...x, shape: [1, ...x.shape] },
        b: { ...weight, shape: [1, ...weight.shape] },
        bias: input(inputs, 'bias'),
      },
      { transposeA: false, transposeB: false, activation: attrs?.activation },
    )
    return { ...product, shape: product.shape.slice(1) }
  },
})
