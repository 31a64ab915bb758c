import { extentOf, type Pair, pairOf } from '../../dsl/kit/extent.js'
import { given as kept } from '../../dsl/kit/given.js'
import type { AdaptivePool2dLayer, AvgPool2dLayer, MaxPool2dLayer } from '../layers/windowLayers.js'
import { type AdaptivePool2dOptions, adaptivePool2dOptions } from '../layers/windowOptions.js'
import type { NodeShape } from './shapes.js'

const adaptive =
  (of: AdaptivePool2dLayer['of']) =>
  (options: AdaptivePool2dOptions = {}): AdaptivePool2dLayer => {
    const { out, ...placement } = adaptivePool2dOptions.read(options)
    return { type: 'adaptivePool2d', of, out, ...kept(placement) }
  }

/**
 * The mean of each of `out` × `out` equal parts of an image, as `torch.nn.AdaptiveAvgPool2d(out)` where the parts are equal;
 * of the whole image by default. In the network it is an `avgPool2d`.
 */
export const adaptiveAvgPool2d = adaptive('avgPool2d')

/**
 * The largest value of each of `out` × `out` equal parts of an image, as `torch.nn.AdaptiveMaxPool2d(out)` where the parts
 * are equal; of the whole image by default. In the network it is a `maxPool2d`.
 */
export const adaptiveMaxPool2d = adaptive('maxPool2d')

/** The pooling layer whose windows make as many cells of this input; undefined if they are not equal. */
export const fitting = (
  { of, out, type: _, ...placement }: AdaptivePool2dLayer,
  shape: NodeShape | undefined,
): MaxPool2dLayer | AvgPool2dLayer | undefined => {
  if (shape?.kind !== 'image') return undefined
  const [rows, columns] = pairOf(out)
  const window: Pair = [shape.height / rows, shape.width / columns]
  if (!window.every(Number.isInteger)) return undefined
  const kernel = extentOf(window)
  return { type: of, kernel, stride: kernel, ...placement }
}
