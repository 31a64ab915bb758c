import { release, reserve } from './heap'
import { multiples, packBias, packColumns, packRows, panelsOf } from './panels'
import { COLUMNS, NO_LEAST, newEnding, newWalk, PANEL_ROW, sweep } from './tile'

/** This many rows of a panel, 16 KiB, stay in the first-level cache. */
const DEPTH: i32 = 512

/**
 * C = act(A·B + bias), `[m, k]` by `[k, n]`. The steps, in floats, allow A and B to be stored transposed.
 *
 * @param aRow step from row to row of A
 * @param aColumn step from column to column of A
 * @param bRow step from row to row of B; this or `bColumn` is 1
 * @param bColumn step from column to column of B
 * @param bias `[n]`, or 0 for none
 * @param least lower bound of the result: 0 for a ReLU, −∞ for none
 */
export function matMul(
  a: usize,
  aRow: i32,
  aColumn: i32,
  b: usize,
  bRow: i32,
  bColumn: i32,
  c: usize,
  m: i32,
  k: i32,
  n: i32,
  bias: usize,
  least: f32,
): void {
  multiply(a, aRow, aColumn, b, bRow, bColumn, c, m, k, n, bias, least, false)
}

/** C = A·Aᵀ `[m, m]` of A `[m, k]`, exactly symmetric; computes only one half. */
export function gram(a: usize, c: usize, m: i32, k: i32): void {
  multiply(a, k, 1, a, 1, k, c, m, k, m, 0, NO_LEAST, true)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < i; j++) store<f32>(c + ((j * m + i) << 2), load<f32>(c + ((i * m + j) << 2)))
  }
}

/** @param lower whether to compute, for each panel, only the rows from its first column on */
function multiply(
  a: usize,
  aRow: i32,
  aColumn: i32,
  b: usize,
  bRow: i32,
  bColumn: i32,
  c: usize,
  m: i32,
  k: i32,
  n: i32,
  bias: usize,
  least: f32,
  lower: bool,
): void {
  const starts = packBias(bias, n)
  const panel = reserve(<usize>min(k, DEPTH) * PANEL_ROW)
  const from = multiples(m, aRow << 2)
  const to = multiples(m, n << 2)
  const walk = newWalk(0, aColumn << 2, 1, 0)
  const ending = newEnding(starts, NO_LEAST)
  for (let first = 0; first < k; first += DEPTH) {
    walk.turns = min(DEPTH, k - first)
    if (first + DEPTH >= k) ending.least = least
    const rows = a + ((first * aColumn) << 2)
    for (let p = 0; p < panelsOf(n); p++) {
      const column = p * COLUMNS
      const columns = b + ((first * bRow + column * bColumn) << 2)
      if (bColumn === 1) packRows(columns, bRow << 2, walk.turns, n - column, panel)
      else packColumns(columns, bColumn << 2, walk.turns, n - column, panel)
      ending.start = first === 0 ? starts + <usize>p * PANEL_ROW : 0
      const skip = lower ? column : 0
      const skipped = skip << 2
      sweep(m - skip, from + skipped, to + skipped, rows, walk, panel, c + (column << 2), n - column, ending)
    }
  }
  release(changetype<usize>(ending))
  release(changetype<usize>(walk))
  release(to)
  release(from)
  release(panel)
  release(starts)
}
