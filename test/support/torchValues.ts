/** Seeded state dicts as the scripts that ask PyTorch make them. */
import type { NamedTensors } from '../../src/models/parameters/weights.js'
import { seededNumbers } from './numbers.js'

/** The formula of `value_of` in scripts/golden_losses.py. */
const valueOf = (name: string, shape: readonly number[], seed: number): Float32Array => {
  const u = seededNumbers(
    seed,
    shape.reduce((a, b) => a * b),
  )
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1)
  if (shape.length > 1) return u.map((value) => value * Math.sqrt(6 / fanIn))
  return /(weight|running_var)$/.test(name) ? u.map((value) => 1 + value / 2) : u.map((value) => value / 4)
}

/** Values of each tensor from its name, shape and place; networks of different `seed` differ. */
export const seededState = (tensors: readonly (readonly [string, readonly number[]])[], seed = 0): NamedTensors =>
  new Map(tensors.map(([name, shape], i) => [name, { shape, data: valueOf(name, shape, seed + i + 1) }]))
