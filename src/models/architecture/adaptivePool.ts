import { extentOf, pairOf } from '../../dsl/kit/extent.js'
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
 * The mean of each of `out` × `out` parts of an image, as `torch.nn.AdaptiveAvgPool2d(out)` where the parts have one size and
 * are evenly spaced: 6 → 2, 8 → 7, not 6 → 4. Of the whole image by default. In the network it is an `avgPool2d`.
 */
export const adaptiveAvgPool2d = adaptive('avgPool2d')

/**
 * The largest value of each of `out` × `out` parts of an image, as `torch.nn.AdaptiveMaxPool2d(out)` where the parts have one
 * size and are evenly spaced. Of the whole image by default. In the network it is a `maxPool2d`.
 */
export const adaptiveMaxPool2d = adaptive('maxPool2d')

/** The pooling layer whose windows are PyTorch's of this input; undefined if they differ in size, or in their distances. */
export const fitting = (
  { of, out, type: _, ...placement }: AdaptivePool2dLayer,
  shape: NodeShape | undefined,
): MaxPool2dLayer | AvgPool2dLayer | undefined => {
  if (shape?.kind !== 'image') return undefined
  const [rows, columns] = pairOf(out)
  const [vertical, horizontal] = [windowsOf(shape.height, rows), windowsOf(shape.width, columns)]
  if (!vertical || !horizontal) return undefined
  const kernel = extentOf([vertical.kernel, horizontal.kernel])
  return { type: of, kernel, stride: extentOf([vertical.stride, horizontal.stride]), ...placement }
}

/** Cell `i` of `cells` has the pixels from ⌊i·size/cells⌋ to ⌈(i + 1)·size/cells⌉, without the last. */
const windowsOf = (size: number, cells: number): { readonly kernel: number; readonly stride: number } | undefined => {
  if (cells > size) return undefined
  const start = (cell: number): number => Math.floor((cell * size) / cells)
  const [kernel, stride] = [Math.ceil(size / cells), cells === 1 ? size : start(1)]
  for (let cell = 1; cell < cells; cell++)
    if (start(cell) !== cell * stride || Math.ceil(((cell + 1) * size) / cells) !== start(cell) + kernel)
      return undefined
  return { kernel, stride }
}
