import type { Architecture } from './architecture.js'
import { parameterCount } from './parameters.js'

/** Size and work of a network. */
export interface Counts {
  readonly parameters: number
  /**
   * Floating-point operations of one image's forward pass: two per multiply-accumulate of convolutions and linear
   * layers; biases, normalisation, activations and pooling are not counted.
   */
  readonly flops: number
}

/** Counts a network: what it has to store and what one image costs. */
export const countsOf = (architecture: Architecture): Counts => ({
  parameters: parameterCount(architecture),
  flops: architecture.nodes.reduce((sum, { layer, shape, inputShapes: [input] }) => {
    if (layer.type === 'conv2d' && shape.kind === 'image' && input?.kind === 'image')
      return sum + 2 * shape.height * shape.width * layer.out * layer.kernel * layer.kernel * input.channels
    if (layer.type === 'linear' && input?.kind === 'vector') return sum + 2 * input.features * layer.out
    return sum
  }, 0),
})
