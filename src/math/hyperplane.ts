/** A norm, and how coordinates move to a plane w·x = b at the least length: equally for L∞, by |w_i| for L2. */
export interface PlaneNorm {
  /** Speed of a coordinate, from its |w_i|. */
  readonly speedOf: (size: number) => number
  /** Adds a coordinate's size, ≥ 0, to the sum so far. */
  readonly add: (sum: number, size: number) => number
  /** The length, from the sum over all coordinates. */
  readonly root: (sum: number) => number
}

/** L∞: coordinates move by min(λ, room). */
export const linfPlane: PlaneNorm = {
  speedOf: () => 1,
  add: (largest, size) => (size > largest ? size : largest),
  root: (largest) => largest,
}

/** L2: coordinates move by min(λ·|w|, room). */
export const l2Plane: PlaneNorm = {
  speedOf: (size) => size,
  add: (sum, size) => sum + size * size,
  root: Math.sqrt,
}

/** Length of a perturbation in a norm. */
export const lengthIn = ({ add, root }: PlaneNorm, delta: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < delta.length; i++) sum = add(sum, Math.abs(delta[i] ?? 0))
  return root(sum)
}

/**
 * The shortest step from a point of [0, 1]^d to the plane {x : w·x = b} within [0, 1]^d. If the box does not reach the
 * plane, the step to the corner nearest to it.
 *
 * Each coordinate moves against sign(excess)·w_i by min(λ·speed_i, room_i), where room_i is its distance to the side of
 * the box and λ solves Σ |w_i|·min(λ·speed_i, room_i) = |excess|. The sum is concave and piecewise linear in λ, so
 * Newton's method from 0 never overshoots, and is exact once a step reaches no further side. All in float64.
 *
 * @param excess w·point − b
 * @param step overwritten
 * @returns the step's length
 * Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", ICML 2020,
 * Eq. 3; solved there by sorting.
 */
export const stepToPlane = (
  { speedOf, add, root }: PlaneNorm,
  point: Float32Array,
  w: Float32Array,
  excess: number,
  step: Float32Array,
): number => {
  const { indices, directions, weights, rooms, left } = scratch(point.length)
  const sign = excess >= 0 ? -1 : 1
  let count = 0
  for (let i = 0; i < point.length; i++) {
    const weight = w[i] ?? 0
    const value = point[i] ?? 0
    // 1 if it rises, 0 if it falls. Arithmetic, because signs of weights are random and a branch would be mispredicted.
    const rises = sign * weight > 0 ? 1 : 0
    const room = value + rises * (1 - 2 * value)
    // Skips coordinates that can't move, such as half of a digit's background.
    if (weight === 0 || room <= 0) continue
    indices[count] = i
    directions[count] = 2 * rises - 1
    weights[count] = Math.abs(weight)
    rooms[count] = room
    count++
  }
  const lambda = solve(speedOf, { weights, rooms, left }, count, Math.abs(excess))
  step.fill(0)
  let length = 0
  for (let j = 0; j < count; j++) {
    const i = indices[j] ?? 0
    const moved = Math.min(lambda * speedOf(weights[j] ?? 0), rooms[j] ?? 0)
    step[i] = (directions[j] ?? 0) * moved
    length = add(length, moved)
  }
  return root(length)
}

interface Scratch {
  /** Indices of the coordinates that can move. */
  readonly indices: Int32Array
  /** 1 for those that rise, −1 for those that fall. */
  readonly directions: Int8Array
  readonly weights: Float64Array
  readonly rooms: Float64Array
  /** Positions in these arrays of the coordinates that have not reached their side. */
  readonly left: Int32Array
}

const scratchOf = (size: number): Scratch => ({
  indices: new Int32Array(size),
  directions: new Int8Array(size),
  weights: new Float64Array(size),
  rooms: new Float64Array(size),
  left: new Int32Array(size),
})

let kept = scratchOf(0)

/** Memory for one row, kept from call to call. */
const scratch = (size: number): Scratch => {
  if (kept.indices.length < size) kept = scratchOf(size)
  return kept
}

/** λ of Σ weight·min(λ·speed, room) = wanted over the first `count`; Infinity if the sum never reaches it. */
const solve = (
  speedOf: PlaneNorm['speedOf'],
  { weights, rooms, left }: Omit<Scratch, 'indices' | 'directions'>,
  count: number,
  wanted: number,
): number => {
  let lambda = 0
  let full = 0
  let slope = 0
  for (let j = 0; j < count; j++) {
    const weight = weights[j] ?? 0
    left[j] = j
    slope += weight * speedOf(weight)
  }
  let remaining = count
  for (;;) {
    if (slope === 0) return full >= wanted ? lambda : Number.POSITIVE_INFINITY
    const next = (wanted - full) / slope
    // Rounding apart, `next` grows until no further coordinate reaches its side.
    if (!(next > lambda)) return lambda
    lambda = next
    const before = remaining
    remaining = 0
    slope = 0
    for (let k = 0; k < before; k++) {
      const j = left[k] ?? 0
      const weight = weights[j] ?? 0
      const speed = speedOf(weight)
      const side = rooms[j] ?? 0
      if (lambda * speed >= side) full += weight * side
      else {
        left[remaining++] = j
        slope += weight * speed
      }
    }
    if (remaining === before) return lambda
  }
}
