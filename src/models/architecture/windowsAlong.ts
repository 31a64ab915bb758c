import { pairOf } from '../../dsl/kit/extent.js'
import type { PoolWindows } from '../layers/windowLayers.js'

/** The windows of a layer along one axis of an image, in pixels. */
export interface AxisWindows {
  readonly kernel: number
  readonly stride: number
  readonly padding: number
  readonly ceilMode: boolean
}

/** The windows along one axis of an image. */
interface WindowsAlong {
  readonly count: number
  /** Pixels by which the last window exceeds the padded image, ≥ 0. */
  readonly beyond: number
}

/** The windows of a pooling layer along the height and along the width. */
export const axesOf = ({
  kernel,
  stride,
  padding = 0,
  ceilMode = false,
}: PoolWindows): readonly [AxisWindows, AxisWindows] => {
  const [kernels, strides, paddings] = [pairOf(kernel), pairOf(stride), pairOf(padding)]
  const along = (axis: 0 | 1): AxisWindows => ({
    kernel: kernels[axis],
    stride: strides[axis],
    padding: paddings[axis],
    ceilMode,
  })
  return [along(0), along(1)]
}

/**
 * The windows along an axis of `size` pixels. With `ceilMode` the last one may exceed the padded image, but begins within
 * the image or the padding before it.
 */
export const windowsAlong = (size: number, { kernel, stride, padding, ceilMode }: AxisWindows): WindowsAlong => {
  const steps = (size + 2 * padding - kernel) / stride
  const most = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1
  const count = (most - 1) * stride < size + padding ? most : most - 1
  return { count, beyond: Math.max(0, (count - 1) * stride + kernel - size - 2 * padding) }
}

/** The windows of a pooling layer on an image: of its rows, and of its columns. */
export const poolWindows = (
  { height, width }: { readonly height: number; readonly width: number },
  layer: PoolWindows,
): readonly [WindowsAlong, WindowsAlong] => {
  const [down, across] = axesOf(layer)
  return [windowsAlong(height, down), windowsAlong(width, across)]
}
