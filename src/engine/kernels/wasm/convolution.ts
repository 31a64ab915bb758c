import type { backend_util } from '@tensorflow/tfjs-core'
import type { Tf } from '../../tf.js'
import type { WasmModule } from './module.js'

/** The attributes that tfjs's convolution kernels share. */
export interface ConvolutionAttributes {
  readonly strides: number | [number, number]
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding
  readonly dataFormat: string
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

type Shape4 = [number, number, number, number]

/** A convolution, as the module's kernels take it. */
export interface DescribedConvolution {
  readonly outShape: Shape4
  /** Of the description in the module's heap; the caller releases it. */
  readonly address: number
}

/**
 * Describes a convolution for the module's kernels.
 *
 * @param x shape of the images, NHWC
 * @param filter shape of the filters, kernel × kernel × in × out; for `depthwise`, the last is the outputs per input
 * @throws Error if images are not NHWC
 */
export const describeConvolution = (
  tf: Tf,
  module: WasmModule,
  x: readonly number[],
  filter: readonly number[],
  { strides, pad, dataFormat, dimRoundingMode }: ConvolutionAttributes,
  kind: 'dense' | 'depthwise' = 'dense',
): DescribedConvolution => {
  if (dataFormat !== 'NHWC') throw new Error(`convolution: expected NHWC, got ${dataFormat}`)
  const conv = tf.backend_util.computeConv2DInfo(
    x as Shape4,
    filter as Shape4,
    strides,
    1,
    pad,
    dimRoundingMode,
    kind === 'depthwise',
  )
  const address = module.convolution(
    conv.batchSize,
    conv.inHeight,
    conv.inWidth,
    conv.inChannels,
    conv.filterHeight,
    conv.filterWidth,
    conv.outHeight,
    conv.outWidth,
    conv.outChannels,
    conv.strideHeight,
    conv.strideWidth,
    conv.padInfo.top,
    conv.padInfo.left,
  )
  return { outShape: conv.outShape, address }
}
