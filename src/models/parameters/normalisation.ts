import { rejectOption } from '../../dsl/errors.js'
import { declareOptions } from '../../dsl/options/declare.js'
import { type Architecture, architecture, INPUT, layersOf } from '../architecture/architecture.js'
import type { Normalisation } from '../architecture/layer.js'
import { normalisationFields } from '../architecture/layerOptions.js'
import { normalize } from '../architecture/layers.js'
import type { NamedTensors } from './weights.js'

/** What a normalisation of images takes; see {@link Normalisation}. */
export const normalisationOptions = declareOptions('normalisation', normalisationFields)

/** The network's own normalisation of its images; undefined if it has none. */
export const normalisationOf = ({ nodes }: Architecture): Normalisation | undefined => {
  const found = nodes.flatMap(({ layer }) => (layer.type === 'normalize' ? [layer] : [])).at(0)
  return found && { mean: found.mean, std: found.std }
}

/**
 * The same network with a `normalize` layer in front, for weights whose training code normalised the images outside the
 * network.
 *
 * @example
 * const net = withNormalisation(resnet18(), { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] })
 * @throws OptionError if the network has one already, or without a mean in [0, 1] and a std in [0.0039, 1] for each channel
 */
export const withNormalisation = (given: Architecture, { mean, std }: Normalisation): Architecture => {
  if (normalisationOf(given))
    return rejectOption(`architecture ${given.name}`, 'a network without a normalize layer', 'one that has it')
  const layers = layersOf(given).map((layer) => ({
    ...layer,
    inputs: (layer.inputs ?? []).map((id) => (id === INPUT ? ID : id)),
  }))
  return architecture(given.name, given.input, [normalize({ mean, std, id: ID }), ...layers], given)
}

const ID = 'normalize'

/** Whether two normalisations are equal in float32, in which networks compute. */
export const sameNormalisation = (a: Normalisation, b: Normalisation): boolean =>
  sameNumbers(a.mean, b.mean) && sameNumbers(a.std, b.std)

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Math.fround(value) === Math.fround(b[i] ?? Number.NaN))

/** The normalisation as a state dict, with RobustBench's names: `mu` and `sigma`, 1 × channels × 1 × 1 each. */
export const unpackNormalisation = (architecture: Architecture): NamedTensors => {
  const found = normalisationOf(architecture)
  if (!found) return new Map()
  const tensor = (values: readonly number[]) => ({ shape: [1, values.length, 1, 1], data: Float32Array.from(values) })
  return new Map([
    ['mu', tensor(found.mean)],
    ['sigma', tensor(found.std)],
  ])
}
