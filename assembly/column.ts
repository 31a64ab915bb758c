import { ROWS, Walk } from './tile'

/** The sum of four floats. */
function sum(values: v128): f32 {
  const halves = f32x4.add(values, v128.shuffle<f32>(values, values, 2, 3, 0, 1))
  return f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1)
}

/**
 * One column of C for all rows of A, c_i = Σ_t A_i(t)·b_t, as `sweep` computes eight. In a panel with one column seven
 * eighths would be zeros, so this takes four turns of the sum at a time instead.
 *
 * @param walk with steps of one float
 * @param column the values of b, consecutive
 */
export function sweepColumn(rows: i32, from: usize, to: usize, a: usize, walk: Walk, column: usize, c: usize): void {
  const length = (<usize>walk.turns) << 2
  const vectors = length & ~15
  for (let i = 0; i < rows; i += ROWS) {
    const i0 = i << 2
    const i1 = min(i + 1, rows - 1) << 2
    const i2 = min(i + 2, rows - 1) << 2
    const i3 = min(i + 3, rows - 1) << 2
    let a0 = a + load<i32>(from + i0)
    let a1 = a + load<i32>(from + i1)
    let a2 = a + load<i32>(from + i2)
    let a3 = a + load<i32>(from + i3)
    let s0 = f32x4.splat(0)
    let s1 = f32x4.splat(0)
    let s2 = f32x4.splat(0)
    let s3 = f32x4.splat(0)
    let b = column
    for (let run = walk.runs; run > 0; run--) {
      let t: usize = 0
      for (; t < vectors; t += 16) {
        const values = v128.load(b + t)
        s0 = f32x4.add(s0, f32x4.mul(values, v128.load(a0 + t)))
        s1 = f32x4.add(s1, f32x4.mul(values, v128.load(a1 + t)))
        s2 = f32x4.add(s2, f32x4.mul(values, v128.load(a2 + t)))
        s3 = f32x4.add(s3, f32x4.mul(values, v128.load(a3 + t)))
      }
      for (; t < length; t += 4) {
        const value = v128.load32_zero(b + t)
        s0 = f32x4.add(s0, f32x4.mul(value, v128.load32_zero(a0 + t)))
        s1 = f32x4.add(s1, f32x4.mul(value, v128.load32_zero(a1 + t)))
        s2 = f32x4.add(s2, f32x4.mul(value, v128.load32_zero(a2 + t)))
        s3 = f32x4.add(s3, f32x4.mul(value, v128.load32_zero(a3 + t)))
      }
      b += length
      a0 += walk.runStep
      a1 += walk.runStep
      a2 += walk.runStep
      a3 += walk.runStep
    }
    store<f32>(c + load<i32>(to + i0), sum(s0))
    store<f32>(c + load<i32>(to + i1), sum(s1))
    store<f32>(c + load<i32>(to + i2), sum(s2))
    store<f32>(c + load<i32>(to + i3), sum(s3))
  }
}
