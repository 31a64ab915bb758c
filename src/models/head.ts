import type { Latent, LatentValue } from '../dsl/step.js'
import { type Architecture, architecture, layersOf } from './architecture.js'
import type { GivenLayer } from './layers.js'

/** The nodes of a network's stochastic head, by what they give; none without a head. */
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

/** The layers that take what is given beside the images. */
export const givenLayers = ({ nodes }: Architecture): readonly GivenLayer[] =>
  nodes.flatMap(({ layer }) => (layer.type === 'given' ? [layer] : []))

const latentValues: readonly LatentValue[] = ['sample', 'mean', 'logVariance', 'classMean']

/** What there is of each value. */
export const latentEntries = <T>(latent: Latent<T>): readonly (readonly [LatentValue, T])[] =>
  latentValues.flatMap((name) => {
    const value = latent[name]
    return value === undefined ? [] : [[name, value] as const]
  })

/** The same of something else. */
export const mapLatent = <T, U>(latent: Latent<T>, of: (value: T) => U): Latent<U> =>
  Object.fromEntries(latentEntries(latent).map(([name, value]) => [name, of(value)]))

/**
 * The network in use: its stochastic head gives the mean, and all that only sampling needs is gone. A network without
 * such a head is its own.
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
