/**
 * Copies the numbers of a tensor, row-major.
 *
 * @param out as long as the tensor has numbers
 * @param strides how far apart two neighbours along each axis are stored, in elements
 * @param at the number that is stored at a position, counted from the tensor's first number
 */
export const copyStrided = <A extends Float32Array | Float64Array>(
  out: A,
  shape: readonly number[],
  strides: readonly number[],
  at: (position: number) => number,
): A => {
  const [row = 1, step = 1] = [shape.at(-1), strides.at(-1)]
  const index = shape.map(() => 0)
  let start = 0
  for (let i = 0; i < out.length; i += row) {
    for (let column = 0; column < row; column++) out[i + column] = at(start + column * step)
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const [next, stride] = [(index[axis] ?? 0) + 1, strides[axis] ?? 0]
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next
        start += stride
        break
      }
      index[axis] = 0
      start -= (next - 1) * stride
    }
  }
  return out
}
