/** to_c += a_c · b_c */
export function addProducts(a: usize, b: usize, to: usize, count: i32): void {
  const end = to + ((<usize>count) << 2)
  for (; to + 16 <= end; to += 16) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(v128.load(a), v128.load(b))))
    a += 16
    b += 16
  }
  for (; to < end; to += 4) {
    store<f32>(to, load<f32>(to) + load<f32>(a) * load<f32>(b))
    a += 4
    b += 4
  }
}
