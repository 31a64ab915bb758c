/** Two floats, as float64. */
function pair(from: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(from))
}

/** Stores two float64 values as floats. */
function storePair(to: usize, values: v128): void {
  v128.store64_lane(to, f32x4.demote_f64x2_zero(values), 0)
}

/**
 * One step of Adam for `count` parameters: m' = m + (1 − β1)(g − m), v' = β2·v + (1 − β2)·g²,
 * w' = w − rate·m' / (root·√v' + ε). Computes in float64, stores float32.
 *
 * @param rate lr / (1 − β1ᵗ)
 * @param root 1 / √(1 − β2ᵗ)
 */
export function adam(
  w: usize,
  m: usize,
  v: usize,
  g: usize,
  newW: usize,
  newM: usize,
  newV: usize,
  count: i32,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  rate: f64,
  root: f64,
): void {
  const end = (<usize>count) << 2
  let i: usize = 0
  for (; i + 8 <= end; i += 8) {
    const gradient = pair(g + i)
    const mean = pair(m + i)
    const first = f64x2.add(mean, f64x2.mul(f64x2.splat(1 - beta1), f64x2.sub(gradient, mean)))
    const square = f64x2.mul(f64x2.mul(f64x2.splat(1 - beta2), gradient), gradient)
    const second = f64x2.add(f64x2.mul(f64x2.splat(beta2), pair(v + i)), square)
    const size = f64x2.add(f64x2.mul(f64x2.sqrt(second), f64x2.splat(root)), f64x2.splat(epsilon))
    storePair(newM + i, first)
    storePair(newV + i, second)
    storePair(newW + i, f64x2.sub(pair(w + i), f64x2.div(f64x2.mul(f64x2.splat(rate), first), size)))
  }
  if (i < end) {
    const gradient = <f64>load<f32>(g + i)
    const mean = <f64>load<f32>(m + i)
    const first = mean + (1 - beta1) * (gradient - mean)
    const second = beta2 * <f64>load<f32>(v + i) + (1 - beta2) * gradient * gradient
    store<f32>(newM + i, <f32>first)
    store<f32>(newV + i, <f32>second)
    store<f32>(newW + i, <f32>(<f64>load<f32>(w + i) - (rate * first) / (sqrt(second) * root + epsilon)))
  }
}
