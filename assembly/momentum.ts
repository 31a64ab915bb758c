/**
 * One step of gradient descent with momentum for `count` parameters: b' = kept·b + g + decay·w, w' = w − rate·b'.
 * Computes in float64, stores float32.
 *
 * @param kept the momentum
 */
export function momentum(
  w: usize,
  b: usize,
  g: usize,
  newW: usize,
  newB: usize,
  count: i32,
  kept: f64,
  decay: f64,
  rate: f64,
): void {
  for (let i: usize = 0, end = (<usize>count) << 2; i < end; i += 4) {
    const weight = <f64>load<f32>(w + i)
    const next = kept * load<f32>(b + i) + load<f32>(g + i) + decay * weight
    store<f32>(newB + i, <f32>next)
    store<f32>(newW + i, <f32>(weight - rate * next))
  }
}
