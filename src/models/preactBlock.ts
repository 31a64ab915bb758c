import type { Source } from './cifar.js'
import { add, batchNorm2d, conv2d, type Layer, relu } from './layers.js'

export interface PreactBlock {
  /** Channels of its output. */
  readonly out: number
  readonly stride: number
  /**
   * The 1×1 convolution of its shortcut, by name, and whether it reads the block's input as it is or behind its batch
   * normalisation and ReLU. @default none: the shortcut is the input
   */
  readonly convolution?: { readonly name: string; readonly reads: 'input' | 'activated' }
}

/** conv2(relu(bn2(conv1(relu(bn1(x)))))) + shortcut. The sum has the block's name as its id. */
export const preactBlock = (
  name: string,
  from: Source,
  { out, stride, convolution }: PreactBlock,
): readonly Layer[] => {
  const active = `${name}.relu1`
  const read = convolution?.reads === 'input' ? from.id : active
  return [
    batchNorm2d(`${name}.bn1`, { inputs: [from.id] }),
    relu({ id: active }),
    conv2d(`${name}.conv1`, { out, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    relu(),
    conv2d(`${name}.conv2`, { out, kernel: 3, padding: 1, bias: 'none' }),
    ...(convolution ? [conv2d(convolution.name, { inputs: [read], out, kernel: 1, stride, bias: 'none' })] : []),
    add([`${name}.conv2`, convolution?.name ?? from.id], { id: name }),
  ]
}
