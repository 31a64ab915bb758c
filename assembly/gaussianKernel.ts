import { release, reserve } from './heap'
import { gram } from './matMul'
import { sumRows } from './sumRows'

/** out = z − mean over the rows, so that distances keep their digits in float32. */
function centreRows(z: usize, n: i32, d: i32, out: usize): void {
  const bytes = (<usize>d) << 2
  const means = reserve(bytes)
  sumRows(z, n, d, 1 / <f64>n, means)
  for (let i = 0; i < n; i++) {
    let at: usize = 0
    for (; at + 16 <= bytes; at += 16) v128.store(out + at, f32x4.sub(v128.load(z + at), v128.load(means + at)))
    for (; at < bytes; at += 4) store<f32>(out + at, load<f32>(z + at) - load<f32>(means + at))
    z += bytes
    out += bytes
  }
  release(means)
}

/**
 * K − 1 = expm1(exponent·‖z_i − z_j‖²) `[n, n]` of z `[n, d]`. K is almost all ones, which centring removes; without
 * them the digits that matter stay in float32. Distances come from the Gram matrix of the centred rows; the diagonal is
 * exactly zero.
 *
 * @param rows receives the centred rows `[n, d]`
 */
export function gaussianKernel(z: usize, n: i32, d: i32, exponent: f64, rows: usize, kernel: usize): void {
  centreRows(z, n, d, rows)
  gram(rows, kernel, n, d)
  const squares = reserve((<usize>n) << 3)
  for (let i = 0; i < n; i++) store<f64>(squares + (i << 3), load<f32>(kernel + ((i * n + i) << 2)))
  for (let i = 0; i < n; i++) {
    const own = load<f64>(squares + (i << 3))
    for (let j = 0; j < i; j++) {
      const product = <f64>load<f32>(kernel + ((i * n + j) << 2))
      const value = Mathf.expm1(<f32>(exponent * (own + load<f64>(squares + (j << 3)) - 2 * product)))
      store<f32>(kernel + ((i * n + j) << 2), value)
      store<f32>(kernel + ((j * n + i) << 2), value)
    }
    store<f32>(kernel + ((i * n + i) << 2), 0)
  }
  release(squares)
}
