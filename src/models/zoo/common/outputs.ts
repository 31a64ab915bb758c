import { type Architecture, layersOf } from '../../architecture/architecture.js'
import { parametersOf } from '../../parameters/parameters.js'
import { statisticsOf } from '../../parameters/statistics.js'
import { prefixOf } from '../../parameters/underNames.js'
import type { NamedTensors } from '../../parameters/weights.js'

/**
 * How many outputs a file's layer has: the first axis of its `weight`; or another one, such as its inputs. A layer that is
 * one tensor, such as a position embedding, has the tensor's axes. Undefined if the file has no such layer.
 */
export type OutputsOf = (layer: string, axis?: 0 | 1 | 2) => number | undefined

/**
 * The layers of a file by the names of a network, whose prefix is found as `underNames` does. An empty tensor counts as
 * missing, so that no number of outputs is larger than the file.
 *
 * @param published a network of the family: enough of its names are in the file, whatever its depth and width
 */
export const outputsIn = (tensors: NamedTensors, published: Architecture): OutputsOf => {
  const own = new Set([...parametersOf(published), ...statisticsOf(published)].map(({ name }) => name))
  const prefix = prefixOf(own, tensors.keys())
  return (layer, axis = 0) => {
    const shape = (tensors.get(`${prefix}${layer}.weight`) ?? tensors.get(`${prefix}${layer}`))?.shape
    return shape?.includes(0) ? undefined : shape?.[axis]
  }
}

/** The most blocks of a stage that are counted: published networks have at most 166. */
const MOST_BLOCKS = 200

/** How many blocks a stage has: as many as there are layers, counted from 0. Undefined if there are none. */
export const blocksIn = (outputs: OutputsOf, layer: (block: number) => string): number | undefined => {
  let blocks = 0
  while (blocks < MOST_BLOCKS && outputs(layer(blocks)) !== undefined) blocks++
  return blocks === 0 ? undefined : blocks
}

/** A quotient, if it is a whole number. */
export const timesIn = (of: number | undefined, by: number | undefined): number | undefined => {
  const times = of === undefined || by === undefined ? Number.NaN : of / by
  return Number.isInteger(times) ? times : undefined
}

/** The name of a network's last layer, which returns the logits. */
export const lastOf = (given: Architecture): string => {
  const last = layersOf(given).at(-1)
  return last?.type === 'linear' ? last.name : ''
}
