import type { Architecture } from '../architecture/architecture.js'
import { parameterCount, parametersOf } from './parameters.js'

/**
 * Copies parameters from one network's flat vector into another's: those that both have, by name.
 *
 * @param into the other network's vector, with values for the parameters that only it has. @default zeros
 * @returns `into`
 */
export const transferValues = (
  from: Architecture,
  values: Float32Array,
  to: Architecture,
  into = new Float32Array(parameterCount(to)),
): Float32Array => {
  const places = new Map(parametersOf(from).map((parameter) => [parameter.name, parameter]))
  for (const { name, size, offset } of parametersOf(to)) {
    const place = places.get(name)
    if (place?.size === size) into.set(values.subarray(place.offset, place.offset + size), offset)
  }
  return into
}
