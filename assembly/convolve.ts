import { Convolution, inputImages, paddedImages, releasePadded, rowBytes, windowsOf } from './convolution'
import { release, reserve } from './heap'
import { multiples, packBias, packRows, panelsOf } from './panels'
import { COLUMNS, newEnding, newWalk, PANEL_ROW, sweep } from './tile'

/**
 * y = act(x ∗ filter + bias), `[batch, outHeight, outWidth, out]`, as the product of windows and filters. Row p of A is
 * the window at output position p, read in place from the padded images, run by run.
 *
 * @param geometry see `convolution`
 * @param bias `[out]`, or 0 for none
 * @param least lower bound of the result: 0 for a ReLU, −∞ for none
 */
export function convolve(x: usize, filter: usize, bias: usize, y: usize, geometry: usize, least: f32): void {
  const conv = changetype<Convolution>(geometry)
  const channels = conv.outChannels
  const positions = conv.outHeight * conv.outWidth
  const images = inputImages(conv, x, 1)
  const taps = conv.kernelHeight * conv.kernelWidth * conv.inChannels
  const panelBytes = <usize>taps * PANEL_ROW
  const panels = panelsOf(channels)
  const packed = reserve(<usize>panels * panelBytes)
  for (let p = 0; p < panels; p++) {
    const column = p * COLUMNS
    packRows(filter + (column << 2), channels << 2, taps, channels - column, packed + <usize>p * panelBytes)
  }
  const starts = packBias(bias, channels)
  const from = windowsOf(conv, images)
  const to = multiples(images.block * positions, channels << 2)
  const walk = newWalk(conv.kernelWidth * conv.inChannels, 4, conv.kernelHeight, rowBytes(images))
  const ending = newEnding(starts, least)
  for (let first = 0; first < conv.batch; first += images.block) {
    const count = min(images.block, conv.batch - first)
    const a = paddedImages(images, first, count)
    const c = y + ((<usize>(first * positions * channels)) << 2)
    for (let p = 0; p < panels; p++) {
      const column = p * COLUMNS
      ending.start = starts + <usize>p * PANEL_ROW
      const panel = packed + <usize>p * panelBytes
      sweep(count * positions, from, to, a, walk, panel, c + (column << 2), channels - column, ending)
    }
  }
  release(changetype<usize>(ending))
  release(changetype<usize>(walk))
  release(to)
  release(from)
  release(starts)
  release(packed)
  releasePadded(images)
}
