/** How far coordinates move towards a plane: all equally for the least L∞ length, by |w_i| for the least L2 length. */
export interface PlaneNorm {
  readonly pace: (size: number) => number
  readonly length: (step: Float32Array) => number
}

/** L∞: coordinates move by min(λ, room). */
export const linfPlane: PlaneNorm = {
  pace: () => 1,
  length: (step) => {
    let longest = 0
    for (let i = 0; i < step.length; i++) longest = Math.max(longest, Math.abs(step[i] ?? 0))
    return longest
  },
}

/** L2: coordinates move by min(λ·|w|, room). */
export const l2Plane: PlaneNorm = {
  pace: (size) => size,
  length: (step) => {
    let sum = 0
    for (let i = 0; i < step.length; i++) sum += (step[i] ?? 0) ** 2
    return Math.sqrt(sum)
  },
}

/**
 * The shortest step from a point of [0, 1]^d to the plane {x : w·x = b} within [0, 1]^d; where the box does not reach
 * the plane, the step to the corner nearest to it.
 *
 * Each coordinate moves against sign(excess)·w_i by min(λ·pace_i, room_i), room_i its way to the side of the box, with
 * λ such that Σ |w_i|·min(λ·pace_i, room_i) = |excess|. The sum is concave and piecewise linear in λ, so that Newton's
 * method from 0 never oversteps and ends exactly, when it meets no new side. Float64 throughout.
 *
 * @param excess w·point − b
 * @param step overwritten
 * Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", ICML 2020,
 * Eq. 3; solved there by sorting.
 */
export const stepToPlane = (
  { pace }: PlaneNorm,
  point: Float32Array,
  w: Float32Array,
  excess: number,
  step: Float32Array,
): void => {
  const size = point.length
  const sizes = scratch(size)
  const rooms = sizes.rooms
  const weights = sizes.weights
  const paces = sizes.paces
  const sign = excess >= 0 ? -1 : 1
  const wanted = Math.abs(excess)
  for (let i = 0; i < size; i++) {
    const weight = w[i] ?? 0
    const value = point[i] ?? 0
    const rising = weight > 0 === sign > 0
    weights[i] = Math.abs(weight)
    rooms[i] = weight === 0 ? 0 : rising ? 1 - value : value
    paces[i] = weight === 0 ? 0 : pace(Math.abs(weight))
  }
  const lambda = solve(weights, rooms, paces, size, wanted)
  for (let i = 0; i < size; i++) {
    const own = paces[i] ?? 0
    // 0 · Infinity is no number.
    const moved = own === 0 ? 0 : Math.min(lambda * own, rooms[i] ?? 0)
    step[i] = (w[i] ?? 0) > 0 ? sign * moved : -sign * moved
  }
}

interface Scratch {
  readonly rooms: Float64Array
  readonly weights: Float64Array
  readonly paces: Float64Array
}

let kept: Scratch = { rooms: new Float64Array(), weights: new Float64Array(), paces: new Float64Array() }

/** Room for one row: of the same size from call to call, and not made anew for each. */
const scratch = (size: number): Scratch => {
  if (kept.rooms.length < size) {
    kept = { rooms: new Float64Array(size), weights: new Float64Array(size), paces: new Float64Array(size) }
  }
  return kept
}

/** λ of Σ weight·min(λ·pace, room) = wanted; Infinity where the sum never gets there. */
const solve = (
  weights: Float64Array,
  rooms: Float64Array,
  paces: Float64Array,
  size: number,
  wanted: number,
): number => {
  let lambda = 0
  for (;;) {
    let full = 0
    let slope = 0
    for (let i = 0; i < size; i++) {
      const room = rooms[i] ?? 0
      const pace = paces[i] ?? 0
      const weight = weights[i] ?? 0
      if (lambda * pace >= room) full += weight * room
      else slope += weight * pace
    }
    if (slope === 0) return full >= wanted ? lambda : Number.POSITIVE_INFINITY
    const next = (wanted - full) / slope
    // Rounding apart, `next` grows until no further coordinate reaches its side.
    if (!(next > lambda)) return lambda
    lambda = next
  }
}
