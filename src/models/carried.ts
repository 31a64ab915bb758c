import type { Architecture } from './architecture.js'
import { parameterCount, parametersOf } from './parameters.js'

/**
 * The numbers of one network's parameters in another's vector, by their names.
 *
 * @param into holds what the first has not. @default zeros
 */
export const carried = (
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
