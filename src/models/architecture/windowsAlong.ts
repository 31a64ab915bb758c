import type { PoolWindows } from './layer.js'

/** The windows along one axis of an image. */
interface WindowsAlong {
  readonly count: number
  /** Pixels by which the last window exceeds the padded image, ≥ 0. */
  readonly beyond: number
}

/**
 * The windows along an axis of `size` pixels. With `ceilMode` the last one may exceed the padded image, but begins within
 * the image or the padding before it.
 */
export const windowsAlong = (
  size: number,
  { kernel, stride, padding = 0, ceilMode = false }: PoolWindows,
): WindowsAlong => {
  const steps = (size + 2 * padding - kernel) / stride
  const most = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1
  const count = (most - 1) * stride < size + padding ? most : most - 1
  return { count, beyond: Math.max(0, (count - 1) * stride + kernel - size - 2 * padding) }
}
