import { addProducts } from './addProducts'
import { Convolution } from './convolution'

/**
 * dx `[batch, height, width, in]` of a depth-wise convolution, whose filter is `[kernelHeight, kernelWidth, in,
 * times]`: dx_c = Σ_m dy_(c·times + m) · w_(c·times + m), summed over all output positions and taps that read the
 * pixel.
 *
 * @param geometry see `convolution`; `outChannels` is in · times
 */
export function depthwiseInputGradient(dy: usize, filter: usize, dx: usize, geometry: usize): void {
  const conv = changetype<Convolution>(geometry)
  const channels = conv.inChannels
  const times = conv.outChannels / channels
  const pixel = (<usize>channels) << 2
  const position = (<usize>conv.outChannels) << 2
  const image = <usize>(conv.height * conv.width) * pixel
  memory.fill(dx, 0, <usize>conv.batch * image)
  let from = dy
  for (let n = 0; n < conv.batch; n++) {
    for (let row = 0; row < conv.outHeight; row++) {
      for (let column = 0; column < conv.outWidth; column++) {
        let tap = filter
        for (let down = 0; down < conv.kernelHeight; down++) {
          const y = row * conv.strideHeight + down - conv.top
          for (let across = 0; across < conv.kernelWidth; across++) {
            const x = column * conv.strideWidth + across - conv.left
            if (y >= 0 && y < conv.height && x >= 0 && x < conv.width) {
              const to = dx + <usize>n * image + <usize>(y * conv.width + x) * pixel
              if (times === 1) addProducts(from, tap, to, channels)
              else addSums(from, tap, to, channels, times)
            }
            tap += position
          }
        }
        from += position
      }
    }
  }
}

/** to_c += Σ_m a_(c·times + m) · b_(c·times + m) */
function addSums(a: usize, b: usize, to: usize, count: i32, times: i32): void {
  for (let c = 0; c < count; c++) {
    let sum = load<f32>(to)
    for (let m = 0; m < times; m++) {
      sum += load<f32>(a) * load<f32>(b)
      a += 4
      b += 4
    }
    store<f32>(to, sum)
    to += 4
  }
}
