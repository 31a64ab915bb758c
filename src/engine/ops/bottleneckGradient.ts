import type { Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** A layer of the bottleneck, as its forward pass leaves it. */
export interface BottleneckLayer {
  /** The centred rows of z: n × d. */
  readonly rows: Tensor2D
  /** K − 1: n × n. */
  readonly kernel: Tensor2D
  /** A⁻¹: n × n. */
  readonly inverse: Tensor2D
  /** S: n × n. */
  readonly matrix: Tensor2D
}

/**
 * (diag(D·1) − D)·rows with D = scale·HGH ∘ K and G = A⁻¹·S·A⁻¹, as one kernel; on a CPU the native engine has it in its graphs.
 *
 * @returns n × d
 */
export const bottleneckGradient = (layer: BottleneckLayer, scale: number): Tensor2D =>
  tf.engine().runKernel('PwoaBottleneckGradient', { ...layer }, { scale }) as Tensor2D
