import { centre } from './centre'
import { release, reserve } from './heap'

/** A = HKH + c·11ᵀ + ridge·I `[n, n]` of a symmetric K, c the mean of |HKH|; `src/math/hsic/hsicKernels.ts` explains why. */
export function regularise(kernel: usize, n: i32, ridge: f64, out: usize): void {
  const size = n * n
  const hkh = reserve((<usize>(size + n)) << 3)
  centre(kernel, n, hkh, hkh + ((<usize>size) << 3))
  let sum: f64 = 0
  for (let i = 0; i < size; i++) sum += abs(load<f64>(hkh + (i << 3)))
  const lift = sum / size
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * n + j
      store<f32>(out + (at << 2), <f32>(load<f64>(hkh + (at << 3)) + lift + (i === j ? ridge : 0)))
    }
  }
  release(hkh)
}
