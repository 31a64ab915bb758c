import type { Layer } from '../layers/layer.js'
import { add, batchNorm2d, conv2d, relu } from '../layers/layers.js'
import type { Placement } from '../layers/placement.js'
import type { Source } from './common/cifar.js'

/** Options of {@link preactBlock}. */
export interface PreactBlock {
  /** Number of output channels. */
  readonly out: number
  readonly stride: number
  /** The function after each batch normalisation. @default relu */
  readonly active?: (placement: Placement) => Layer
  /**
   * Name of the 1×1 convolution of the shortcut, and what it reads: the block's input, or the input after the first
   * batch normalisation and ReLU. @default none: the shortcut is the input
   */
  readonly convolution?: { readonly name: string; readonly reads: 'input' | 'activated' }
}

/**
 * A pre-activation block: conv2(f(bn2(conv1(f(bn1(x)))))) + shortcut with the function f. The sum has the block's name as its id.
 *
 * Source: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
 */
export const preactBlock = (
  name: string,
  from: Source,
  { out, stride, active = relu, convolution }: PreactBlock,
): readonly Layer[] => {
  const activated = `${name}.relu1`
  const read = convolution?.reads === 'input' ? from.id : activated
  return [
    batchNorm2d(`${name}.bn1`, { inputs: [from.id] }),
    active({ id: activated }),
    conv2d(`${name}.conv1`, { out, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    active({ id: `${name}.relu2` }),
    conv2d(`${name}.conv2`, { out, kernel: 3, padding: 1, bias: 'none' }),
    ...(convolution ? [conv2d(convolution.name, { inputs: [read], out, kernel: 1, stride, bias: 'none' })] : []),
    add([`${name}.conv2`, convolution?.name ?? from.id], { id: name }),
  ]
}
