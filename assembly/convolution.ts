import { release, reserve } from './heap'

/** A convolution of images `[batch, height, width, in]` by filters `[kernelHeight, kernelWidth, in, out]`. */
@unmanaged
export class Convolution {
  batch: i32
  height: i32
  width: i32
  inChannels: i32
  kernelHeight: i32
  kernelWidth: i32
  outHeight: i32
  outWidth: i32
  outChannels: i32
  strideHeight: i32
  strideWidth: i32
  /** Zeros above the images. */
  top: i32
  /** Zeros to their left. */
  left: i32
}

/** Makes the description that the kernels take; the caller gives it to `release`. */
export function convolution(
  batch: i32,
  height: i32,
  width: i32,
  inChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  strideHeight: i32,
  strideWidth: i32,
  top: i32,
  left: i32,
): usize {
  const block = reserve(offsetof<Convolution>())
  const made = changetype<Convolution>(block)
  made.batch = batch
  made.height = height
  made.width = width
  made.inChannels = inChannels
  made.kernelHeight = kernelHeight
  made.kernelWidth = kernelWidth
  made.outHeight = outHeight
  made.outWidth = outWidth
  made.outChannels = outChannels
  made.strideHeight = strideHeight
  made.strideWidth = strideWidth
  made.top = top
  made.left = left
  return block
}

/** This many bytes of images at a time stay in the second-level cache. */
const BLOCK_BYTES: i32 = 1 << 17

/** Images with zeros around them, a block of the minibatch at a time, so that no window needs a bounds check. */
@unmanaged
export class Padded {
  source: usize
  height: i32
  width: i32
  channels: i32
  top: i32
  left: i32
  paddedHeight: i32
  paddedWidth: i32
  /** Number of images in a block. */
  block: i32
  /** Memory for padded copies of a block; 0 if the images need no padding. */
  copies: usize
}

/** @param atLeast the least number of images in a block, if the minibatch has as many */
export function padded(
  source: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  paddedHeight: i32,
  paddedWidth: i32,
  atLeast: i32,
): Padded {
  const made = changetype<Padded>(reserve(offsetof<Padded>()))
  made.source = source
  made.height = height
  made.width = width
  made.channels = channels
  made.top = top
  made.left = left
  made.paddedHeight = paddedHeight
  made.paddedWidth = paddedWidth
  const bytes = imageBytes(made)
  made.block = min(batch, max(atLeast, BLOCK_BYTES / bytes))
  if (paddedHeight === height && paddedWidth === width) {
    made.copies = 0
  } else {
    made.copies = reserve(<usize>made.block * bytes)
    memory.fill(made.copies, 0, <usize>made.block * bytes)
  }
  return made
}

/** Releases the description and its copies. */
export function releasePadded(images: Padded): void {
  if (images.copies !== 0) release(images.copies)
  release(changetype<usize>(images))
}

/** Bytes from row to row. */
export function rowBytes(images: Padded): i32 {
  return (images.paddedWidth * images.channels) << 2
}

/** Bytes from image to image. */
export function imageBytes(images: Padded): i32 {
  return images.paddedHeight * rowBytes(images)
}

/** Pads the images `first … first + count − 1`, with `count` at most `block`, and returns their address. */
export function paddedImages(images: Padded, first: i32, count: i32): usize {
  const row = (<usize>(images.width * images.channels)) << 2
  const height = images.height
  let from = images.source + <usize>(first * height) * row
  if (images.copies === 0) return from
  const step = <usize>rowBytes(images)
  const corner = images.copies + <usize>images.top * step + ((<usize>(images.left * images.channels)) << 2)
  for (let image = 0; image < count; image++) {
    let to = corner + <usize>image * <usize>imageBytes(images)
    for (let y = 0; y < height; y++) {
      memory.copy(to, from, row)
      to += step
      from += row
    }
  }
  return images.copies
}

/** The images that a convolution reads, with enough zeros around them that every window lies inside. */
export function inputImages(conv: Convolution, x: usize, atLeast: i32): Padded {
  return padded(
    x,
    conv.batch,
    conv.height,
    conv.width,
    conv.inChannels,
    conv.top,
    conv.left,
    max((conv.outHeight - 1) * conv.strideHeight + conv.kernelHeight, conv.top + conv.height),
    max((conv.outWidth - 1) * conv.strideWidth + conv.kernelWidth, conv.left + conv.width),
    atLeast,
  )
}

/** For each output position in a block of images the offset of its window in bytes, as i32. */
export function windowsOf(conv: Convolution, images: Padded): usize {
  const positions = images.block * conv.outHeight * conv.outWidth
  const windows = reserve((<usize>positions) << 2)
  const down = conv.strideHeight * rowBytes(images)
  const across = (conv.strideWidth * conv.inChannels) << 2
  let next = windows
  for (let image = 0; image < images.block; image++) {
    for (let row = 0; row < conv.outHeight; row++) {
      const start = image * imageBytes(images) + row * down
      for (let column = 0; column < conv.outWidth; column++) {
        store<i32>(next, start + column * across)
        next += 4
      }
    }
  }
  return windows
}
