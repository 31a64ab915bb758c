import { release, reserve } from './heap'

/** Side of a block. */
const BLOCK: i32 = 4

/** The sum of two float64 values. */
function sum(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)
}

/**
 * `out[i][j] = Σ_k a_i[k]·b_j[k]` for four rows of each, k from `first` up to `end`, both multiples of four.
 *
 * @param step bytes from row to row, of both
 */
function dots(a: usize, b: usize, step: usize, first: i32, end: i32, out: usize): void {
  const a1 = a + step
  const a2 = a1 + step
  const a3 = a2 + step
  for (let half: usize = 0; half < 32; half += 16) {
    const b1 = b + step
    let s00 = f64x2.splat(0)
    let s01 = f64x2.splat(0)
    let s10 = f64x2.splat(0)
    let s11 = f64x2.splat(0)
    let s20 = f64x2.splat(0)
    let s21 = f64x2.splat(0)
    let s30 = f64x2.splat(0)
    let s31 = f64x2.splat(0)
    for (let k = (<usize>first) << 3, last = (<usize>end) << 3; k < last; k += 16) {
      const left = v128.load(b + k)
      const right = v128.load(b1 + k)
      let row = v128.load(a + k)
      s00 = f64x2.add(s00, f64x2.mul(row, left))
      s01 = f64x2.add(s01, f64x2.mul(row, right))
      row = v128.load(a1 + k)
      s10 = f64x2.add(s10, f64x2.mul(row, left))
      s11 = f64x2.add(s11, f64x2.mul(row, right))
      row = v128.load(a2 + k)
      s20 = f64x2.add(s20, f64x2.mul(row, left))
      s21 = f64x2.add(s21, f64x2.mul(row, right))
      row = v128.load(a3 + k)
      s30 = f64x2.add(s30, f64x2.mul(row, left))
      s31 = f64x2.add(s31, f64x2.mul(row, right))
    }
    store<f64>(out + half, sum(s00))
    store<f64>(out + half, sum(s01), 8)
    store<f64>(out + half, sum(s10), 32)
    store<f64>(out + half, sum(s11), 40)
    store<f64>(out + half, sum(s20), 64)
    store<f64>(out + half, sum(s21), 72)
    store<f64>(out + half, sum(s30), 96)
    store<f64>(out + half, sum(s31), 104)
    b = b1 + step
  }
}

/** Address of an element of a square matrix of float64, or of a block of sums. */
function at(matrix: usize, step: usize, row: i32, column: i32): usize {
  return matrix + <usize>row * step + ((<usize>column) << 3)
}

/** Overwrites the lower triangle of A by L with A = L·Lᵀ; NaN if A is not positive definite. */
function factorize(a: usize, n: i32, sums: usize): void {
  const step = (<usize>n) << 3
  for (let j0 = 0; j0 < n; j0 += BLOCK) {
    for (let i0 = j0; i0 < n; i0 += BLOCK) {
      dots(at(a, step, i0, 0), at(a, step, j0, 0), step, 0, j0, sums)
      for (let j = 0; j < BLOCK; j++) {
        for (let i = i0 === j0 ? j : 0; i < BLOCK; i++) {
          const place = at(a, step, i0 + i, j0 + j)
          let rest = load<f64>(place) - load<f64>(at(sums, 32, i, j))
          for (let k = j0; k < j0 + j; k++) {
            rest -= load<f64>(at(a, step, i0 + i, k)) * load<f64>(at(a, step, j0 + j, k))
          }
          const isDiagonal = i0 === j0 && i === j
          store<f64>(place, isDiagonal ? sqrt(rest) : rest / load<f64>(at(a, step, j0 + j, j0 + j)))
        }
      }
    }
  }
}

/** X = L⁻ᵀ: row j is column j of L⁻¹, so that all sums run along rows. */
function invertTransposed(factor: usize, n: i32, x: usize, sums: usize): void {
  const step = (<usize>n) << 3
  for (let j0 = 0; j0 < n; j0 += BLOCK) {
    for (let i0 = j0; i0 < n; i0 += BLOCK) {
      dots(at(x, step, j0, 0), at(factor, step, i0, 0), step, j0, i0, sums)
      for (let i = i0; i < i0 + BLOCK; i++) {
        const diagonal = 1 / load<f64>(at(factor, step, i, i))
        for (let j = j0; j < j0 + BLOCK; j++) {
          let value = i === j ? <f64>1 : 0
          if (i > j) {
            value = -load<f64>(at(sums, 32, j - j0, i - i0))
            for (let k = i0; k < i; k++) value -= load<f64>(at(x, step, j, k)) * load<f64>(at(factor, step, i, k))
          }
          store<f64>(at(x, step, j, i), value * diagonal)
        }
      }
    }
  }
}

/** `out = X·Xᵀ` as float32, exactly symmetric, of the first `size` rows of X, upper triangular. */
function writeGram(x: usize, n: i32, size: i32, out: usize, sums: usize): void {
  const step = (<usize>n) << 3
  for (let i0 = 0; i0 < n; i0 += BLOCK) {
    for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
      dots(at(x, step, i0, 0), at(x, step, j0, 0), step, i0, n, sums)
      for (let i = i0; i < min(i0 + BLOCK, size); i++) {
        for (let j = j0; j <= min(j0 + BLOCK - 1, i); j++) {
          const value = <f32>load<f64>(at(sums, 32, i - i0, j - j0))
          store<f32>(out + ((i * size + j) << 2), value)
          store<f32>(out + ((j * size + i) << 2), value)
        }
      }
    }
  }
}

/**
 * A⁻¹ `[n, n]` of a symmetric positive definite A, exactly symmetric: from A = L·Lᵀ as A⁻¹ = L⁻ᵀ·L⁻¹, block by block,
 * in float64 until it is stored. NaN if A is not positive definite.
 */
export function choleskyInverse(a: usize, out: usize, n: i32): void {
  // An identity matrix in the corner fills the last blocks; it does not change the result.
  const padded = (n + BLOCK - 1) & ~(BLOCK - 1)
  const step = (<usize>padded) << 3
  const bytes = <usize>padded * step
  const factor = reserve(2 * bytes + 128)
  const inverse = factor + bytes
  const sums = inverse + bytes
  for (let i = 0; i < padded; i++) {
    for (let j = 0; j < i; j++) {
      store<f64>(at(factor, step, i, j), i < n ? <f64>load<f32>(a + ((i * n + j) << 2)) : 0)
    }
    store<f64>(at(factor, step, i, i), i < n ? <f64>load<f32>(a + ((i * n + i) << 2)) : 1)
  }
  factorize(factor, padded, sums)
  invertTransposed(factor, padded, inverse, sums)
  writeGram(inverse, padded, n, out, sums)
  release(factor)
}
