/** dx = dy where y > 0, else 0. */
export function reluGradient(dy: usize, y: usize, dx: usize, count: i32): void {
  const zero = f32x4.splat(0)
  const end = dx + ((<usize>count) << 2)
  for (; dx + 16 <= end; dx += 16) {
    v128.store(dx, v128.and(v128.load(dy), f32x4.gt(v128.load(y), zero)))
    dy += 16
    y += 16
  }
  for (; dx < end; dx += 4) {
    store<f32>(dx, load<f32>(y) > 0 ? load<f32>(dy) : 0)
    dy += 4
    y += 4
  }
}
