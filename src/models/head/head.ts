import type { Latent, LatentValue } from '../../dsl/step.js'
import { type Architecture, architecture, layersOf } from '../architecture/architecture.js'
import type { GivenLayer } from '../layers/layer.js'

/** Ids of the nodes of a network's stochastic head, by the value that each returns; empty without a head. */
export const latentNodes = ({ nodes }: Architecture): Latent<string> => {
  const sample = nodes.find(({ layer }) => layer.type === 'sample')
  const [mean, logVariance, noise] = sample?.inputs ?? []
  if (!sample || mean === undefined) return {}
  const labels = nodes.find(({ layer }) => layer.type === 'given' && layer.value === 'labels')
  const classMean = labels && nodes.find(({ inputs }) => inputs.includes(labels.id))
  return {
    sample: sample.id,
    mean,
    ...(logVariance !== undefined && noise !== undefined ? { logVariance } : {}),
    ...(classMean ? { classMean: classMean.id } : {}),
  }
}

/** The layers for values that a loss provides besides the images. */
export const givenLayers = ({ nodes }: Architecture): readonly GivenLayer[] =>
  nodes.flatMap(({ layer }) => (layer.type === 'given' ? [layer] : []))

const latentValues: readonly LatentValue[] = ['sample', 'mean', 'logVariance', 'classMean']

/** The head's values that are defined, with their names. */
export const latentEntries = <T>(latent: Latent<T>): readonly (readonly [LatentValue, T])[] =>
  latentValues.flatMap((name) => {
    const value = latent[name]
    return value === undefined ? [] : [[name, value] as const]
  })

/** Maps each of the head's values. */
export const mapLatent = <T, U>(latent: Latent<T>, of: (value: T) => U): Latent<U> =>
  Object.fromEntries(latentEntries(latent).map(([name, value]) => [name, of(value)]))

/**
 * The network in use: the mean replaces its stochastic head's sample, and layers that only sampling needs are
 * removed. A network without such a head is returned unchanged.
 */
export const meanPathOf = (given: Architecture): Architecture => {
  const { sample, mean } = latentNodes(given)
  if (sample === undefined || mean === undefined) return given
  const read = (id: string): string => (id === sample ? mean : id)
  const needed = new Set([read(given.nodes.at(-1)?.id ?? '')])
  for (const { id, inputs } of given.nodes.toReversed())
    if (needed.has(id)) for (const input of inputs) needed.add(read(input))
  const layers = layersOf(given)
    .filter(({ id }) => id !== sample && needed.has(id ?? ''))
    .map((layer) => ({ ...layer, inputs: (layer.inputs ?? []).map(read) }))
  return architecture(given.name, given.input, layers, given)
}
