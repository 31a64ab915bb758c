import { reserve } from './heap'

/** How many rows and columns of C a tile has. 4 × 8 sums, 8 values of B and one of A fit the 16 vector registers. */
export const ROWS: i32 = 4
export const COLUMNS: i32 = 8

/** Bytes of a row of a panel, which holds eight columns of B. */
export const PANEL_ROW: usize = 32

/** How a sum runs through a row of A: `runs` times `turns` floats, with steps in bytes. */
@unmanaged
export class Walk {
  turns: i32
  step: i32
  runs: i32
  runStep: i32
}

/** To be given back by `release`. */
export function newWalk(turns: i32, step: i32, runs: i32, runStep: i32): Walk {
  const walk = changetype<Walk>(reserve(offsetof<Walk>()))
  walk.turns = turns
  walk.step = step
  walk.runs = runs
  walk.runStep = runStep
  return walk
}

/** No sum is too small for it. */
export const NO_LEAST: f32 = -Infinity

/** What the sums begin with, and what becomes of them. */
@unmanaged
export class Ending {
  /** Eight floats to begin with; 0: what C holds. */
  start: usize
  /** No sum is smaller in the end: 0 for a ReLU, −∞ for none. */
  least: f32
}

/** To be given back by `release`. */
export function newEnding(start: usize, least: f32): Ending {
  const ending = changetype<Ending>(reserve(offsetof<Ending>()))
  ending.start = start
  ending.least = least
  return ending
}

/** Up to four floats from `from` on, zeros behind them. */
function loadPart(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from)
  if (count === 3) return v128.load32_lane(from, v128.load64_zero(from), 2, 8)
  if (count === 2) return v128.load64_zero(from)
  return count === 1 ? v128.load32_zero(from) : f32x4.splat(0)
}

/** The first floats, at most four. */
function storePart(to: usize, values: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, values)
    return
  }
  if (count >= 2) v128.store64_lane(to, values, 0)
  if (count === 3) v128.store32_lane(to, values, 2, 8)
  if (count === 1) v128.store32_lane(to, values, 0)
}

function storeRow(to: usize, low: v128, high: v128, least: v128, width: i32): void {
  storePart(to, f32x4.max(low, least), width)
  storePart(to + 16, f32x4.max(high, least), width - 4)
}

/**
 * Four rows by eight columns of a product, C_ij = Σ_t A_i(t)·B_tj: A_i(t) is the float where row i's walk stands in
 * its turn t, the rows of B follow each other in the panel. Rows may coincide.
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
 * One panel's columns of C for all rows of A. Row i of A begins `from[i]` bytes behind `a`, that of C `to[i]` bytes
 * behind `c`; where fewer than four are left, the last one is done several times over.
 *
 * @param from offsets, one i32 a row
 * @param to offsets, one i32 a row
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
