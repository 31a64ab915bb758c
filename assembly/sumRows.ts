import { release, reserve } from './heap'

/** `out[c] = scale·Σ_r x[r, c]` of x `[rows, columns]`, in float64 until it is stored. */
export function sumRows(x: usize, rows: i32, columns: i32, scale: f64, out: usize): void {
  const bytes = (<usize>columns) << 3
  const sums = reserve(bytes)
  memory.fill(sums, 0, bytes)
  const end = sums + bytes
  for (let r = 0; r < rows; r++) {
    let to = sums
    for (; to + 16 <= end; to += 16) {
      v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(v128.load64_zero(x))))
      x += 8
    }
    if (to < end) {
      store<f64>(to, load<f64>(to) + load<f32>(x))
      x += 4
    }
  }
  for (let c = 0; c < columns; c++) store<f32>(out + (c << 2), <f32>(scale * load<f64>(sums + (c << 3))))
  release(sums)
}
