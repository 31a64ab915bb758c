import { reserve } from './heap'

/** Rows and columns of a tile of C. 4 × 8 sums, 8 values of B and one of A fit into the 16 vector registers. */
export const ROWS: i32 = 4
export const COLUMNS: i32 = 8

/** Bytes in a row of a panel, which holds eight columns of B. */
export const PANEL_ROW: usize = 32

/** How a sum walks through a row of A: `runs` runs of `turns` floats each, with steps in bytes. */
@unmanaged
export class Walk {
  turns: i32
  step: i32
  runs: i32
  runStep: i32
}

/** The caller releases it. */
export function newWalk(turns: i32, step: i32, runs: i32, runStep: i32): Walk {
  const walk = changetype<Walk>(reserve(offsetof<Walk>()))
  walk.turns = turns
  walk.step = step
  walk.runs = runs
  walk.runStep = runStep
  return walk
}

/** A `least` that bounds no sum. */
export const NO_LEAST: f32 = -Infinity

/** How sums begin and end. */
@unmanaged
export class Ending {
  /** Address of eight floats to begin with; if 0, the sums continue those in C. */
  start: usize
  /** Lower bound of the result: 0 for a ReLU, −∞ for none. */
  least: f32
}

/** The caller releases it. */
export function newEnding(start: usize, least: f32): Ending {
  const ending = changetype<Ending>(reserve(offsetof<Ending>()))
  ending.start = start
  ending.least = least
  return ending
}

/** Up to four floats from `from` on, followed by zeros. */
function loadPart(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from)
  if (count === 3) return v128.load32_lane(from, v128.load64_zero(from), 2, 8)
  if (count === 2) return v128.load64_zero(from)
  return count === 1 ? v128.load32_zero(from) : f32x4.splat(0)
}

/** Stores the first `count` floats, at most four. */
function storePart(to: usize, values: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, values)
    return
  }
  if (count >= 2) v128.store64_lane(to, values, 0)
  if (count === 3) v128.store32_lane(to, values, 2, 8)
  if (count === 1) v128.store32_lane(to, values, 0)
}

/** Stores a row of a tile, its values at least `least`. */
function storeRow(to: usize, low: v128, high: v128, least: v128, width: i32): void {
  storePart(to, f32x4.max(low, least), width)
  storePart(to + 16, f32x4.max(high, least), width - 4)
}

/**
 * Four rows by eight columns of a product, C_ij = Σ_t A_i(t)·B_tj. A_i(t) is the float that row i's walk has reached in
 * turn t; the rows of B are consecutive in the panel. Rows may coincide.
 *
 * @param width how many of the eight columns C has
 */
function tile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  walk: Walk,
  panel: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  width: i32,
  ending: Ending,
): void {
  const start = ending.start
  const goesOn = start === 0
  let s00 = loadPart(goesOn ? c0 : start, width)
  let s01 = loadPart((goesOn ? c0 : start) + 16, width - 4)
  let s10 = loadPart(goesOn ? c1 : start, width)
  let s11 = loadPart((goesOn ? c1 : start) + 16, width - 4)
  let s20 = loadPart(goesOn ? c2 : start, width)
  let s21 = loadPart((goesOn ? c2 : start) + 16, width - 4)
  let s30 = loadPart(goesOn ? c3 : start, width)
  let s31 = loadPart((goesOn ? c3 : start) + 16, width - 4)
  const step = walk.step
  const panelStep = <usize>walk.turns * PANEL_ROW
  const jump = walk.runStep - walk.turns * step
  for (let run = walk.runs; run > 0; run--) {
    for (const end = panel + panelStep; panel < end; panel += PANEL_ROW) {
      const b0 = v128.load(panel)
      const b1 = v128.load(panel, 16)
      let a = v128.load32_splat(a0)
      s00 = f32x4.add(s00, f32x4.mul(a, b0))
      s01 = f32x4.add(s01, f32x4.mul(a, b1))
      a = v128.load32_splat(a1)
      s10 = f32x4.add(s10, f32x4.mul(a, b0))
      s11 = f32x4.add(s11, f32x4.mul(a, b1))
      a = v128.load32_splat(a2)
      s20 = f32x4.add(s20, f32x4.mul(a, b0))
      s21 = f32x4.add(s21, f32x4.mul(a, b1))
      a = v128.load32_splat(a3)
      s30 = f32x4.add(s30, f32x4.mul(a, b0))
      s31 = f32x4.add(s31, f32x4.mul(a, b1))
      a0 += step
      a1 += step
      a2 += step
      a3 += step
    }
    a0 += jump
    a1 += jump
    a2 += jump
    a3 += jump
  }
  const least = f32x4.splat(ending.least)
  storeRow(c0, s00, s01, least, width)
  storeRow(c1, s10, s11, least, width)
  storeRow(c2, s20, s21, least, width)
  storeRow(c3, s30, s31, least, width)
}

/**
 * One panel's columns of C for all rows of A. Row i of A begins `from[i]` bytes after `a`, that of C `to[i]` bytes
 * after `c`. If fewer than four rows are left, the last one is computed several times.
 *
 * @param from an i32 offset for each row
 * @param to an i32 offset for each row
 */
export function sweep(
  rows: i32,
  from: usize,
  to: usize,
  a: usize,
  walk: Walk,
  panel: usize,
  c: usize,
  width: i32,
  ending: Ending,
): void {
  for (let i = 0; i < rows; i += ROWS) {
    const i0 = i << 2
    const i1 = min(i + 1, rows - 1) << 2
    const i2 = min(i + 2, rows - 1) << 2
    const i3 = min(i + 3, rows - 1) << 2
    tile(
      a + load<i32>(from + i0),
      a + load<i32>(from + i1),
      a + load<i32>(from + i2),
      a + load<i32>(from + i3),
      walk,
      panel,
      c + load<i32>(to + i0),
      c + load<i32>(to + i1),
      c + load<i32>(to + i2),
      c + load<i32>(to + i3),
      width,
      ending,
    )
  }
}
