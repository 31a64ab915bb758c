import type { AvgPool2dLayer, MaxPool2dLayer, Sides } from './layer.js'
import type { NodeShape } from './shapes.js'
import { windowsAlong } from './windowsAlong.js'

/** What a pooling layer without padding needs to have the same outputs as one with padding. */
interface PoolWindow {
  /** Pixels to add at each side of the image; undefined if there are none. */
  readonly sides: Sides | undefined
  /**
   * What to multiply the mean of kernel² pixels by for each window, rows × columns, where fewer count; undefined if all
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
  const { kernel, padding = 0 } = layer
  const [rows, columns] = [windowsAlong(shape.height, layer), windowsAlong(shape.width, layer)]
  if (padding === 0 && rows.beyond === 0 && columns.beyond === 0) return { sides: undefined, scale: undefined }
  const sides = { top: padding, bottom: padding + rows.beyond, left: padding, right: padding + columns.beyond }
  if (layer.type === 'maxPool2d') return { sides, scale: undefined }
  const [high, wide] = [counted(shape.height, rows.count, layer), counted(shape.width, columns.count, layer)]
  const all = [...high, ...wide].every((count) => count === kernel)
  return { sides, scale: all ? undefined : high.map((a) => wide.map((b) => kernel ** 2 / (a * b))) }
}

/** The number of pixels of each window along an axis that a mean is over. */
const counted = (
  size: number,
  count: number,
  { kernel, stride, padding = 0, countIncludePad = true }: AvgPool2dLayer,
): readonly number[] => {
  const margin = countIncludePad ? padding : 0
  return Array.from({ length: count }, (_, i) => {
    const start = i * stride - padding
    return Math.min(start + kernel, size + margin) - Math.max(start, -margin)
  })
}
