import { isEach, pairOf } from '../../dsl/kit/extent.js'
import type { NodeShape } from '../architecture/shapes.js'
import { type AxisWindows, axesOf, poolWindows } from '../architecture/windowsAlong.js'
import type { AvgPool2dLayer, MaxPool2dLayer, Sides } from '../layers/windowLayers.js'

/** What a pooling layer without padding needs to have the same outputs as one with padding. */
interface PoolWindow {
  /** Pixels to add at each side of the image; undefined if there are none. */
  readonly sides: Sides | undefined
  /**
   * What to multiply the mean of all pixels of a window by, rows × columns, where fewer count; undefined if all
   * count.
   */
  readonly scale: readonly (readonly number[])[] | undefined
}

/**
 * The zeros to add before a pooling layer, and the scale of its means after it.
 *
 * @throws Error if the input is not an image, which is a defect of this package
 */
export const poolWindowOf = (layer: MaxPool2dLayer | AvgPool2dLayer, shape: NodeShape | undefined): PoolWindow => {
  if (shape?.kind !== 'image') throw new Error(`a ${layer.type} has no image`)
  const { padding = 0 } = layer
  const [top, left] = pairOf(padding)
  const [rows, columns] = poolWindows(shape, layer)
  if (isEach(padding, 0) && rows.beyond === 0 && columns.beyond === 0) return { sides: undefined, scale: undefined }
  const sides = { top, bottom: top + rows.beyond, left, right: left + columns.beyond }
  if (layer.type === 'maxPool2d') return { sides, scale: undefined }
  const { countIncludePad = true } = layer
  const [down, across] = axesOf(layer)
  const high = counted(shape.height, rows.count, down, countIncludePad)
  const wide = counted(shape.width, columns.count, across, countIncludePad)
  const all = high.every((count) => count === down.kernel) && wide.every((count) => count === across.kernel)
  const pixels = down.kernel * across.kernel
  return { sides, scale: all ? undefined : high.map((a) => wide.map((b) => pixels / (a * b))) }
}

/** The number of pixels of each window along an axis that a mean is over. */
const counted = (
  size: number,
  count: number,
  { kernel, stride, padding }: AxisWindows,
  countIncludePad: boolean,
): readonly number[] => {
  const margin = countIncludePad ? padding : 0
  return Array.from({ length: count }, (_, i) => {
    const start = i * stride - padding
    return Math.min(start + kernel, size + margin) - Math.max(start, -margin)
  })
}
