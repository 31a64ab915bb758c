import { type Architecture, architecture, INPUT, layersOf } from '../architecture/architecture.js'
import { type NamedNormalisation, numbersOf } from '../architecture/imageNormalisations.js'
import type { Normalisation } from '../layers/layer.js'
import { normalize } from '../layers/layers.js'
import type { NamedTensors } from './weights.js'

/** The network's own normalisation of its images; undefined if it has none. */
export const normalisationOf = ({ nodes }: Architecture): Normalisation | undefined => {
  const found = nodes.flatMap(({ layer }) => (layer.type === 'normalize' ? [layer] : [])).at(0)
  return found && { mean: found.mean, std: found.std }
}

/**
 * The same network with this normalisation of its images, in place of its own if it has one: for weights whose training code
 * normalised the images outside the network.
 *
 * @param normalisation by name, such as `'cifar10'`, or its numbers; `'none'` for pixels as they are
 * @example
 * const net = withNormalisation(resnet18(), { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] })
 * @throws OptionError without a mean in [0, 1] and a std in [0.0039, 1] for each channel
 */
export const withNormalisation = (given: Architecture, normalisation: NamedNormalisation): Architecture => {
  const numbers = numbersOf(normalisation)
  const own = given.nodes.find(({ layer }) => layer.type === 'normalize')?.id
  if (numbers === undefined && own === undefined) return given
  const id = own ?? ID
  const replaced = own ?? INPUT
  const source = numbers === undefined ? INPUT : id
  const layers = layersOf(given)
    .filter((layer) => layer.id !== own || own === undefined)
    .map((layer) => ({ ...layer, inputs: (layer.inputs ?? []).map((from) => (from === replaced ? source : from)) }))
  const first = numbers === undefined ? [] : [normalize({ mean: numbers.mean, std: numbers.std, id })]
  return architecture(given.name, given.input, [...first, ...layers], given)
}

const ID = 'normalize'

/** Whether two normalisations are equal in float32, in which networks compute. */
export const sameNormalisation = (a: Normalisation, b: Normalisation): boolean =>
  sameNumbers(a.mean, b.mean) && sameNumbers(a.std, b.std)

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => Math.fround(value) === Math.fround(b[i] ?? Number.NaN))

/** A normalisation in words, in seven digits, as float32 has no more: 0.4914, not 0.49140000343322754. */
export const normalisationText = ({ mean, std }: Normalisation): string => `mean ${list(mean)}, std ${list(std)}`

const list = (values: readonly number[]): string => values.map((value) => Number(value.toPrecision(7))).join(' ')

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
