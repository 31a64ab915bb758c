import { declareOptions } from '../../dsl/options/declare.js'
import { choice, either } from '../../dsl/options/kinds.js'
import type { Option } from '../../dsl/options/option.js'
import type { Normalisation } from '../layers/layer.js'
import { normalisationFields } from '../layers/layerOptions.js'

/** Mean and standard deviation of the pixels of data sets, as released training code states them; `none` for pixels as they are. */
export const normalisations = {
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] },
  cifar100: { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  mnist: { mean: [0.1307], std: [0.3081] },
  none: undefined,
} as const satisfies Readonly<Record<string, Normalisation | undefined>>

/** A name of {@link normalisations}. */
export type NormalisationName = keyof typeof normalisations

/** The names of {@link normalisations}. */
export const normalisationNames: readonly NormalisationName[] = ['cifar10', 'cifar100', 'imagenet', 'mnist', 'none']

/** A normalisation of images, by name or by its numbers. */
export type NamedNormalisation = NormalisationName | Normalisation

/** What a normalisation of images takes; see {@link Normalisation}. */
export const normalisationOptions = declareOptions('normalisation', normalisationFields)

/** An option: a normalisation of images, by name or by its numbers. */
export const normalisationOption = (): Option<NamedNormalisation> => {
  const named = choice(normalisationNames)
  const numbers = normalisationOptions.asOption()
  return either<typeof named | typeof numbers>(
    `among ${normalisationNames.join(', ')}, or { mean, std }`,
    [named, numbers],
    (value) => (typeof value === 'string' ? named : numbers),
  )
}

/** The numbers of a normalisation; undefined for pixels as they are. */
export const numbersOf = (given: NamedNormalisation): Normalisation | undefined =>
  typeof given === 'string' ? normalisations[given] : given
