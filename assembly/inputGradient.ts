import { sweepColumn } from './column'
import { Convolution, imageBytes, Padded, padded, paddedImages, releasePadded, rowBytes } from './convolution'
import { release, reserve } from './heap'
import { packBias, packColumns, panelsOf } from './panels'
import { COLUMNS, NO_LEAST, newEnding, newWalk, PANEL_ROW, sweep } from './tile'

/** With fewer in-channels than this, each is computed by itself. */
const FEWEST: i32 = 4

/**
 * Number of taps that read every `stride`-th pixel from `phase` on: phase, phase + stride, … below the kernel's edge.
 */
function tapsOf(kernel: i32, stride: i32, phase: i32): i32 {
  return kernel > phase ? (kernel - phase + stride - 1) / stride : 0
}

/**
 * dx `[batch, height, width, in]` of dy `[batch, outHeight, outWidth, out]` and the filter. Pixels fall into stride ×
 * stride phases. In each phase, the taps `phase + stride·t` read pixel `stride·q + phase − padding` at the outputs
 * `q − t`: this is a convolution of dy without stride by every stride-th row and column of the filter, reversed.
 *
 * @param geometry see `convolution`
 */
export function inputGradient(dy: usize, filter: usize, dx: usize, geometry: usize): void {
  const conv = changetype<Convolution>(geometry)
  const channels = conv.inChannels
  const above = tapsOf(conv.kernelHeight, conv.strideHeight, 0) - 1
  const before = tapsOf(conv.kernelWidth, conv.strideWidth, 0) - 1
  const images = padded(
    dy,
    conv.batch,
    conv.outHeight,
    conv.outWidth,
    conv.outChannels,
    above,
    before,
    above + max(conv.outHeight, (conv.height - 1 + conv.top) / conv.strideHeight + 1),
    before + max(conv.outWidth, (conv.width - 1 + conv.left) / conv.strideWidth + 1),
    1,
  )
  const most = images.block * conv.height * conv.width
  const from = reserve((<usize>most) << 2)
  const to = reserve((<usize>most) << 2)
  const packed = reserve(<usize>(panelsOf(channels) * (above + 1) * (before + 1) * conv.outChannels) * PANEL_ROW)
  const zeros = packBias(0, COLUMNS)
  const walk = newWalk(0, 4, 0, rowBytes(images))
  const ending = newEnding(zeros, NO_LEAST)
  for (let down = 0; down < conv.strideHeight; down++) {
    for (let across = 0; across < conv.strideWidth; across++) {
      // A phase that no tap reads has no turns: it gets the zeros with which its sums begin.
      walk.runs = tapsOf(conv.kernelHeight, conv.strideHeight, down)
      walk.turns = tapsOf(conv.kernelWidth, conv.strideWidth, across) * conv.outChannels
      const depth = <usize>(walk.runs * walk.turns)
      packTaps(conv, filter, down, across, packed)
      const met = fillPixels(conv, images, down, across, from, to)
      for (let first = 0; first < conv.batch; first += images.block) {
        const count = min(images.block, conv.batch - first)
        const a = paddedImages(images, first, count)
        const c = dx + ((<usize>(first * conv.height * conv.width * channels)) << 2)
        if (channels < FEWEST) {
          for (let i = 0; i < channels; i++) {
            sweepColumn(count * met, from, to, a, walk, packed + ((<usize>i * depth) << 2), c + (i << 2))
          }
        } else {
          for (let i = 0; i < channels; i += COLUMNS) {
            sweep(
              count * met,
              from,
              to,
              a,
              walk,
              packed + ((<usize>i * depth) << 2),
              c + (i << 2),
              channels - i,
              ending,
            )
          }
        }
      }
    }
  }
  release(changetype<usize>(ending))
  release(changetype<usize>(walk))
  release(zeros)
  release(packed)
  release(to)
  release(from)
  releasePadded(images)
}

/** The first pixel of a phase: `(pixel + padding) mod stride = phase`. */
function firstOf(phase: i32, padding: i32, stride: i32): i32 {
  return (phase + stride - (padding % stride)) % stride
}

/**
 * For each pixel of a phase in a block of images: the offset of its first output in dy, and its own offset in dx.
 *
 * @returns number of the phase's pixels in an image
 */
function fillPixels(conv: Convolution, dy: Padded, down: i32, across: i32, from: usize, to: usize): i32 {
  const above = tapsOf(conv.kernelHeight, conv.strideHeight, 0) - tapsOf(conv.kernelHeight, conv.strideHeight, down)
  const before = tapsOf(conv.kernelWidth, conv.strideWidth, 0) - tapsOf(conv.kernelWidth, conv.strideWidth, across)
  const output = conv.outChannels << 2
  const pixel = conv.inChannels << 2
  let next = 0
  for (let image = 0; image < dy.block; image++) {
    for (let row = firstOf(down, conv.top, conv.strideHeight); row < conv.height; row += conv.strideHeight) {
      const start = image * imageBytes(dy) + ((row + conv.top) / conv.strideHeight + above) * rowBytes(dy)
      let column = firstOf(across, conv.left, conv.strideWidth)
      for (; column < conv.width; column += conv.strideWidth) {
        store<i32>(from + (next << 2), start + ((column + conv.left) / conv.strideWidth + before) * output)
        store<i32>(to + (next << 2), ((image * conv.height + row) * conv.width + column) * pixel)
        next++
      }
    }
  }
  return next / dy.block
}

/** Packs the taps of a phase in reverse, each with all its out-channels, into panels or single columns. */
function packTaps(conv: Convolution, filter: usize, down: i32, across: i32, packed: usize): void {
  const channels = conv.inChannels
  const step = conv.outChannels << 2
  for (let channel = 0; channel < channels; channel += channels < FEWEST ? 1 : COLUMNS) {
    for (let v = tapsOf(conv.kernelHeight, conv.strideHeight, down) - 1; v >= 0; v--) {
      for (let w = tapsOf(conv.kernelWidth, conv.strideWidth, across) - 1; w >= 0; w--) {
        const tap = (down + v * conv.strideHeight) * conv.kernelWidth + across + w * conv.strideWidth
        const source = filter + <usize>(tap * channels + channel) * step
        if (channels < FEWEST) {
          memory.copy(packed, source, step)
          packed += step
        } else {
          packColumns(source, step, conv.outChannels, channels - channel, packed)
          packed += <usize>conv.outChannels * PANEL_ROW
        }
      }
    }
  }
}
