import { reserve } from './heap'
import { COLUMNS, PANEL_ROW } from './tile'

/** Number of panels of eight columns in a matrix. */
export function panelsOf(columns: i32): i32 {
  return (columns + COLUMNS - 1) / COLUMNS
}

/** Eight columns of B, row by row: `out[k][j] = b[k·step + j]`, zeros where B ends. Steps are in bytes. */
export function packRows(b: usize, step: usize, rows: i32, width: i32, out: usize): void {
  if (width >= COLUMNS) {
    for (let k = 0; k < rows; k++) {
      v128.store(out, v128.load(b))
      v128.store(out, v128.load(b, 16), 16)
      b += step
      out += PANEL_ROW
    }
    return
  }
  for (let k = 0; k < rows; k++) {
    for (let j = 0; j < COLUMNS; j++) store<f32>(out + (j << 2), j < width ? load<f32>(b + (j << 2)) : 0)
    b += step
    out += PANEL_ROW
  }
}

/** Stores the columns of four vectors as the left or the right half of four rows of a panel. */
function storeTransposed(r0: v128, r1: v128, r2: v128, r3: v128, out: usize): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
  v128.store(out, v128.shuffle<f64>(low01, low23, 0, 2))
  v128.store(out, v128.shuffle<f64>(low01, low23, 1, 3), 32)
  v128.store(out, v128.shuffle<f64>(high01, high23, 0, 2), 64)
  v128.store(out, v128.shuffle<f64>(high01, high23, 1, 3), 96)
}

/** Eight columns of Bᵀ: `out[k][j] = b[j·step + k]`, zeros where B ends. Steps are in bytes. */
export function packColumns(b: usize, step: usize, rows: i32, width: i32, out: usize): void {
  let k = 0
  if (width >= COLUMNS) {
    for (; k + 4 <= rows; k += 4) {
      let from = b + (k << 2)
      for (let half: usize = 0; half < PANEL_ROW; half += 16) {
        const r0 = v128.load(from)
        const r1 = v128.load(from + step)
        const r2 = v128.load(from + 2 * step)
        const r3 = v128.load(from + 3 * step)
        storeTransposed(r0, r1, r2, r3, out + half)
        from += 4 * step
      }
      out += 4 * PANEL_ROW
    }
  }
  for (; k < rows; k++) {
    for (let j = 0; j < COLUMNS; j++) {
      store<f32>(out + (j << 2), j < width ? load<f32>(b + <usize>j * step + (k << 2)) : 0)
    }
    out += PANEL_ROW
  }
}

/** The start of the sums of each panel: the bias, or zeros if its address is 0. The caller releases it. */
export function packBias(bias: usize, columns: i32): usize {
  const bytes = <usize>panelsOf(columns) * PANEL_ROW
  const starts = reserve(bytes)
  memory.fill(starts, 0, bytes)
  if (bias !== 0) memory.copy(starts, bias, (<usize>columns) << 2)
  return starts
}

/** The offsets 0, step, 2·step, … as i32. The caller releases them. */
export function multiples(count: i32, step: i32): usize {
  const offsets = reserve((<usize>count) << 2)
  for (let i = 0; i < count; i++) store<i32>(offsets + (i << 2), i * step)
  return offsets
}
