/**
 * HKH of a symmetric K `[n, n]`, H = I − 1/n: subtracts the means of rows and columns, in float64.
 *
 * @param out `[n, n]` of float64
 * @param means receives the means of the rows, `[n]` of float64
 */
export function centre(kernel: usize, n: i32, out: usize, means: usize): void {
  let mean: f64 = 0
  for (let i = 0; i < n; i++) {
    let sum: f64 = 0
    for (let j = 0; j < n; j++) sum += load<f32>(kernel + ((i * n + j) << 2))
    store<f64>(means + (i << 3), sum / n)
    mean += sum / n
  }
  mean /= n
  for (let i = 0; i < n; i++) {
    const shift = mean - load<f64>(means + (i << 3))
    for (let j = 0; j < n; j++) {
      const at = i * n + j
      store<f64>(out + (at << 3), load<f32>(kernel + (at << 2)) + shift - load<f64>(means + (j << 3)))
    }
  }
}
