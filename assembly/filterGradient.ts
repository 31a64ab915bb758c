import { Convolution, inputImages, Padded, paddedImages, releasePadded, rowBytes, windowsOf } from './convolution'
import { release, reserve } from './heap'
import { multiples, packBias, packRows, panelsOf } from './panels'
import { COLUMNS, NO_LEAST, newEnding, newWalk, PANEL_ROW, ROWS, sweep } from './tile'

/** With fewer positions at a time, loading and storing dw would take as long as the sums. */
const FEWEST: i32 = 256

/**
 * dw `[kernelHeight, kernelWidth, in, out]` of x and dy `[batch, outHeight, outWidth, out]`: dw_ko = Σ_p A_pk·dy_po,
 * where A_pk is the pixel of x that the filter's element k reads at output position p. Four elements at a time are
 * gathered from all positions of a block of images, because the rows of an image are too short for a loop of their own.
 *
 * @param geometry see `convolution`
 */
export function filterGradient(x: usize, dy: usize, dw: usize, geometry: usize): void {
  const conv = changetype<Convolution>(geometry)
  const channels = conv.outChannels
  const positions = conv.outHeight * conv.outWidth
  const images = inputImages(conv, x, (FEWEST + positions - 1) / positions)
  const panels = panelsOf(channels)
  const packed = reserve(<usize>(panels * images.block * positions) * PANEL_ROW)
  const gathered = reserve((<usize>(images.block * positions * ROWS)) << 2)
  const windows = windowsOf(conv, images)
  const from = multiples(ROWS, 4)
  const to = multiples(ROWS, channels << 2)
  const zeros = packBias(0, COLUMNS)
  const walk = newWalk(0, ROWS << 2, 1, 0)
  const ending = newEnding(zeros, NO_LEAST)
  const taps = conv.kernelHeight * conv.kernelWidth * conv.inChannels
  for (let first = 0; first < conv.batch; first += images.block) {
    const count = min(images.block, conv.batch - first)
    const a = paddedImages(images, first, count)
    const b = dy + ((<usize>(first * positions * channels)) << 2)
    walk.turns = count * positions
    const panelBytes = <usize>walk.turns * PANEL_ROW
    for (let p = 0; p < panels; p++) {
      const column = p * COLUMNS
      packRows(b + (column << 2), channels << 2, walk.turns, channels - column, packed + <usize>p * panelBytes)
    }
    for (let k = 0; k < taps; k += ROWS) {
      gather(conv, images, windows, a, walk.turns, k, gathered)
      for (let p = 0; p < panels; p++) {
        const column = p * COLUMNS
        const c = dw + ((<usize>(k * channels + column)) << 2)
        const panel = packed + <usize>p * panelBytes
        sweep(min(ROWS, taps - k), from, to, gathered, walk, panel, c, channels - column, ending)
      }
    }
    ending.start = 0
  }
  release(changetype<usize>(ending))
  release(changetype<usize>(walk))
  release(zeros)
  release(to)
  release(from)
  release(windows)
  release(gathered)
  release(packed)
  releasePadded(images)
}

/** Offset of the filter's element in a window, in bytes; beyond the last element, that of the last one. */
function elementOffset(conv: Convolution, images: Padded, element: i32): usize {
  const run = conv.kernelWidth * conv.inChannels
  const known = min(element, conv.kernelHeight * run - 1)
  return (known / run) * rowBytes(images) + ((known % run) << 2)
}

/** The pixels that the four elements from `k` on read at each position: `out[p][i]`. */
function gather(conv: Convolution, images: Padded, windows: usize, a: usize, count: i32, k: i32, out: usize): void {
  const a0 = a + elementOffset(conv, images, k)
  const a1 = a + elementOffset(conv, images, k + 1)
  const a2 = a + elementOffset(conv, images, k + 2)
  const a3 = a + elementOffset(conv, images, k + 3)
  const end = windows + ((<usize>count) << 2)
  if (a3 === a0 + 12) {
    for (; windows < end; windows += 4) {
      v128.store(out, v128.load(a0 + load<i32>(windows)))
      out += 16
    }
    return
  }
  for (; windows < end; windows += 4) {
    const window = load<i32>(windows)
    store<f32>(out, load<f32>(a0 + window))
    store<f32>(out, load<f32>(a1 + window), 4)
    store<f32>(out, load<f32>(a2 + window), 8)
    store<f32>(out, load<f32>(a3 + window), 12)
    out += 16
  }
}
