import type { Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { weightGradients } from '../../src/models/compiled/training/weightGradient.js'
import type { ForwardPass } from '../../src/models/forward/forward.js'

/** Of one network on one batch of images. */
export const weightGradient = (
  architecture: Architecture,
  weights: Tensor1D,
  images: Tensor4D,
  loss: (pass: ForwardPass) => Scalar,
): Tensor1D => {
  const [gradient] = weightGradients([{ architecture, weights, images: [images] }], ([pass]) => {
    if (!pass) throw new Error('no pass')
    return loss({
      logits: pass.logits,
      get hidden() {
        return pass.hidden
      },
      moments: pass.moments.flat(),
    })
  })
  return gradient as Tensor1D
}
