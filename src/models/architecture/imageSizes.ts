import type { ImageShape } from '../../dsl/dataset.js'
import { type Extent, pairOf } from '../../dsl/kit/extent.js'
import { groupsOf } from '../layers/layers.js'
import { mostPadded, padModes } from '../layers/padModes.js'
import type { Conv2dLayer, ConvTranspose2dLayer, Pad2dLayer, PoolWindows, Sides } from '../layers/windowLayers.js'
import { poolWindows } from './windowsAlong.js'

// The sizes of images after layers with windows.

/** What the shape of a layer is asked of. */
interface Asked {
  /** Its input, which must be an image. */
  readonly image: () => ImageShape
  readonly refuse: (expected: string, actual: string) => never
  /** Refuses a number of the layer unless it is whole and at least 1. */
  readonly positive: (option: string, value: number) => void
}

/** Rows and columns, in pixels. */
interface Size {
  readonly height: number
  readonly width: number
}

/** What layers with windows have in common. */
interface Windows {
  readonly kernel: Extent
  readonly stride: Extent
  readonly padding?: Extent | undefined
  readonly dilation?: Extent | undefined
}

const biases: readonly Conv2dLayer['bias'][] = ['learned', 'none']

const checkWindows = ({ refuse, positive }: Asked, { kernel, stride, padding = 0, dilation = 1 }: Windows): void => {
  for (const size of pairOf(kernel)) positive('kernel', size)
  for (const step of pairOf(stride)) positive('stride', step)
  for (const distance of pairOf(dilation)) positive('dilation', distance)
  for (const side of pairOf(padding))
    if (!Number.isInteger(side) || side < 0) refuse('a whole padding >= 0', String(side))
}

/** Refuses channels, groups or a bias that a convolution cannot have. */
export const checkConvolution = (asked: Asked, layer: Conv2dLayer | ConvTranspose2dLayer): void => {
  const { image, refuse, positive } = asked
  const { out, bias } = layer
  const groups = groupsOf(layer)
  positive('number of output channels', out)
  if (!biases.includes(bias)) refuse(`a bias among ${biases.join(', ')}`, String(bias))
  positive('number of groups', groups)
  if (image().channels % groups !== 0 || out % groups !== 0)
    refuse(`groups that divide ${image().channels} input and ${out} output channels`, `${groups}`)
}

/** ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 pixels along each axis. */
export const windowed = (asked: Asked, layer: Windows): Size => {
  checkWindows(asked, layer)
  const { kernel, stride, padding = 0, dilation = 1 } = layer
  const { height, width, channels } = asked.image()
  const least = (axis: 0 | 1): number =>
    pairOf(dilation)[axis] * (pairOf(kernel)[axis] - 1) + 1 - 2 * pairOf(padding)[axis]
  const [high, wide] = [least(0), least(1)]
  if (height < high || width < wide)
    asked.refuse(
      `an image of at least ${high === wide ? `${high} pixels a side` : `${high} x ${wide} pixels`}`,
      `${height} x ${width} x ${channels}`,
    )
  const [down, across] = pairOf(stride)
  return { height: Math.floor((height - high) / down) + 1, width: Math.floor((width - wide) / across) + 1 }
}

/** (size − 1)·stride − 2·padding + dilation·(kernel − 1) + 1 + outputPadding pixels along each axis. */
export const enlarged = (asked: Asked, layer: ConvTranspose2dLayer): Size => {
  checkWindows(asked, layer)
  const { refuse, image } = asked
  const { height, width } = image()
  const [kernel, stride, padding] = [pairOf(layer.kernel), pairOf(layer.stride), pairOf(layer.padding)]
  const [dilation, outputPadding] = [pairOf(layer.dilation ?? 1), pairOf(layer.outputPadding ?? 0)]
  const along = (size: number, axis: 0 | 1): number => {
    const [most, added] = [Math.max(stride[axis], dilation[axis]), outputPadding[axis]]
    if (!Number.isInteger(added) || added < 0 || added >= most)
      refuse(`a whole output padding >= 0 and less than the stride or the dilation, ${most}`, String(added))
    const pixels = (size - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (kernel[axis] - 1) + 1 + added
    return pixels >= 1 ? pixels : refuse('a padding that leaves a pixel', String(padding[axis]))
  }
  return { height: along(height, 0), width: along(width, 1) }
}

/** The size after pooling. */
export const pooled = (asked: Asked, layer: PoolWindows): Size => {
  const { kernel, padding = 0 } = layer
  windowed(asked, layer)
  for (const [axis, zeros] of pairOf(padding).entries()) {
    const most = (pairOf(kernel)[axis] ?? 0) / 2
    if (zeros > most) asked.refuse(`a padding of at most half the kernel, ${most}`, String(zeros))
  }
  const [rows, columns] = poolWindows(asked.image(), layer)
  return { height: rows.count, width: columns.count }
}

const checkSides = ({ refuse }: Asked, { top, bottom, left, right }: Sides): void => {
  for (const side of [top, bottom, left, right])
    if (!Number.isInteger(side) || side < 0) refuse('a whole number >= 0 of pixels on each side', String(side))
}

/** The size with more pixels at the sides. */
export const padded = (asked: Asked, layer: Pad2dLayer): Size => {
  const { top, bottom, left, right, mode } = layer
  const { height, width } = asked.image()
  checkSides(asked, layer)
  if (mode !== undefined) {
    if (!padModes.includes(mode)) asked.refuse(`a mode among ${padModes.join(', ')}`, String(mode))
    const [high, wide] = [mostPadded[mode](height), mostPadded[mode](width)]
    if (Math.max(top, bottom) > high || Math.max(left, right) > wide)
      asked.refuse(
        `at most ${high} rows and ${wide} columns of mode ${mode} at a side`,
        `${[top, bottom, left, right]}`,
      )
  }
  return { height: top + height + bottom, width: left + width + right }
}

/** The size without pixels at the sides. */
export const cropped = (asked: Asked, layer: Sides): Size => {
  const { top, bottom, left, right } = layer
  const { height, width } = asked.image()
  checkSides(asked, layer)
  if (top + bottom >= height || left + right >= width)
    asked.refuse(`sides that leave a pixel of ${height} x ${width}`, `${[top, bottom, left, right]}`)
  return { height: height - top - bottom, width: width - left - right }
}
