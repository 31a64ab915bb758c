import { addProducts } from './addProducts'
import { Convolution } from './convolution'

/**
 * dw `[kernelHeight, kernelWidth, in, times]` of a depth-wise convolution: dw_(c·times + m) = Σ x_c · dy_(c·times + m),
 * over all output positions, with the pixel of x that the tap reads there.
 *
 * @param geometry see `convolution`; `outChannels` is in · times
 */
export function depthwiseFilterGradient(x: usize, dy: usize, dw: usize, geometry: usize): void {
  const conv = changetype<Convolution>(geometry)
  const channels = conv.inChannels
  const times = conv.outChannels / channels
  const pixel = (<usize>channels) << 2
  const position = (<usize>conv.outChannels) << 2
  const image = <usize>(conv.height * conv.width) * pixel
  memory.fill(dw, 0, <usize>(conv.kernelHeight * conv.kernelWidth) * position)
  let from = dy
  for (let n = 0; n < conv.batch; n++) {
    for (let row = 0; row < conv.outHeight; row++) {
      for (let column = 0; column < conv.outWidth; column++) {
        let tap = dw
        for (let down = 0; down < conv.kernelHeight; down++) {
          const top = row * conv.strideHeight + down - conv.top
          for (let across = 0; across < conv.kernelWidth; across++) {
            const left = column * conv.strideWidth + across - conv.left
            if (top >= 0 && top < conv.height && left >= 0 && left < conv.width) {
              const seen = x + <usize>n * image + <usize>(top * conv.width + left) * pixel
              if (times === 1) addProducts(seen, from, tap, channels)
              else addMultiples(seen, from, tap, channels, times)
            }
            tap += position
          }
        }
        from += position
      }
    }
  }
}

/** to_(c·times + m) += a_c · b_(c·times + m) */
function addMultiples(a: usize, b: usize, to: usize, count: i32, times: i32): void {
  for (let c = 0; c < count; c++) {
    const factor = load<f32>(a)
    for (let m = 0; m < times; m++) {
      store<f32>(to, load<f32>(to) + factor * load<f32>(b))
      b += 4
      to += 4
    }
    a += 4
  }
}
