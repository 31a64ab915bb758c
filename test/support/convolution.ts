/** A convolution and both its gradients by plain loops in float64: one walk over all pairs, three things to do at each. */

export interface Geometry {
  readonly batch: number
  readonly size: number
  readonly inChannels: number
  readonly outChannels: number
  readonly kernel: number
  readonly stride: number
  readonly pad: 'same' | 'valid'
}

/** The side of the output, and the padding above and left of the input. */
export const outputSide = ({
  size,
  kernel,
  stride,
  pad,
}: Geometry): { readonly out: number; readonly before: number } => {
  if (pad === 'valid') return { out: Math.floor((size - kernel) / stride) + 1, before: 0 }
  const out = Math.ceil(size / stride)
  return { out, before: Math.floor(Math.max(0, (out - 1) * stride + kernel - size) / 2) }
}

/** Calls `visit` with the flat indices of every (input pixel, filter element, output value) that belong together. */
const forEachPair = (geometry: Geometry, visit: (x: number, w: number, y: number) => void): void => {
  const { batch, size, inChannels, outChannels, kernel, stride } = geometry
  const { out, before } = outputSide(geometry)
  const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)
  for (const image of range(batch))
    for (const outRow of range(out))
      for (const outColumn of range(out))
        for (const filterRow of range(kernel))
          for (const filterColumn of range(kernel)) {
            const row = outRow * stride + filterRow - before
            const column = outColumn * stride + filterColumn - before
            if (row < 0 || row >= size || column < 0 || column >= size) continue
            const pixel = ((image * size + row) * size + column) * inChannels
            const element = (filterRow * kernel + filterColumn) * inChannels
            const value = ((image * out + outRow) * out + outColumn) * outChannels
            for (let i = 0; i < inChannels; i++)
              for (let o = 0; o < outChannels; o++) visit(pixel + i, (element + i) * outChannels + o, value + o)
          }
}

/** `y = Σ x w`, `dw = Σ x dy`, `dx = Σ w dy` over the pairs that belong together. */
export const convolution = (geometry: Geometry, x: ArrayLike<number>, w: ArrayLike<number>, dy: ArrayLike<number>) => {
  const y = new Float64Array(dy.length)
  const dw = new Float64Array(w.length)
  const dx = new Float64Array(x.length)
  forEachPair(geometry, (pixel, element, value) => {
    y[value] = Number(y[value]) + Number(x[pixel]) * Number(w[element])
    dw[element] = Number(dw[element]) + Number(x[pixel]) * Number(dy[value])
    dx[pixel] = Number(dx[pixel]) + Number(w[element]) * Number(dy[value])
  })
  return { y, dw, dx }
}
