import { centre } from './centre'
import { release, reserve } from './heap'
import { matMul } from './matMul'
import { NO_LEAST } from './tile'

/**
 * S = λx·R_X − λy·R_Y `[n, n]` from the inverses of X and Y, R = H·(I − ridge·A⁻¹)·H. S·1 = 0.
 *
 * @param ridge εn
 */
export function bottleneckMatrix(
  inverseX: usize,
  inverseY: usize,
  n: i32,
  ridge: f64,
  lambdaX: f64,
  lambdaY: f64,
  out: usize,
): void {
  const size = n * n
  const ofX = reserve((<usize>(2 * size + n)) << 3)
  const ofY = ofX + ((<usize>size) << 3)
  const means = ofY + ((<usize>size) << 3)
  centre(inverseX, n, ofX, means)
  centre(inverseY, n, ofY, means)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * n + j
      const unit = (i === j ? <f64>1 : 0) - 1 / <f64>n
      const rX = unit - ridge * load<f64>(ofX + (at << 3))
      const rY = unit - ridge * load<f64>(ofY + (at << 3))
      store<f32>(out + (at << 2), <f32>(lambdaX * rX - lambdaY * rY))
    }
  }
  release(ofX)
}

/**
 * ∂/∂z `[n, d]` of a layer's tr(S·R_Z), up to factors in `scale`: (diag(D·1) − D)·rows with D = scale·HGH ∘ K and
 * G = A⁻¹·S·A⁻¹.
 *
 * @param rows the centred rows of z `[n, d]`
 * @param kernel K − 1 `[n, n]`
 * @param inverse A⁻¹ `[n, n]`
 */
export function bottleneckGradient(
  rows: usize,
  kernel: usize,
  inverse: usize,
  matrix: usize,
  n: i32,
  d: i32,
  scale: f64,
  out: usize,
): void {
  const size = n * n
  const half = reserve((<usize>size) << 2)
  const g = reserve((<usize>size) << 2)
  matMul(inverse, n, 1, matrix, n, 1, half, n, n, n, 0, NO_LEAST)
  matMul(half, n, 1, inverse, n, 1, g, n, n, n, 0, NO_LEAST)
  const hgh = reserve((<usize>(size + n)) << 3)
  centre(g, n, hgh, hgh + ((<usize>size) << 3))
  // G is no longer needed: diag(D·1) − D overwrites it.
  for (let i = 0; i < n; i++) {
    let sum: f64 = 0
    for (let j = 0; j < n; j++) {
      const at = i * n + j
      const value = scale * load<f64>(hgh + (at << 3)) * (1 + load<f32>(kernel + (at << 2)))
      sum += value
      store<f32>(g + (at << 2), <f32>-value)
    }
    const diagonal = g + ((i * n + i) << 2)
    store<f32>(diagonal, <f32>(sum + load<f32>(diagonal)))
  }
  matMul(g, n, 1, rows, d, 1, out, n, n, d, 0, NO_LEAST)
  release(hgh)
  release(g)
  release(half)
}
