import { rejectOption } from '../../dsl/errors.js'
import type { OptionsOf } from '../../dsl/options/declare.js'
import { either, list, positive, record, text } from '../../dsl/options/kinds.js'
import { SIGMA } from '../../math/hsic/bottleneck.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { hiddenLayers } from '../../models/architecture/hiddenLayers.js'

/** An option: a width σ > 0, or one for each layer. */
const sigmaOption = () => {
  const [common, each] = [positive(), record(positive())] as const
  return either('a width > 0, or one for each layer', [common, each], (value) => {
    if (typeof value === 'number') return common
    return typeof value === 'object' ? each : undefined
  })
}

/** Options of every stage that compares hidden activations by kernels. */
export const hiddenFields = {
  /** Which hidden activations, by the names of `hiddenLayers(architecture)`. @default all */
  layers: list(text('the name of a layer'), { least: 1 }).optional('all'),
  /**
   * Width σ > 0 of the Gaussian kernels, in units of √d for d features: one for X and every layer, or one for each named
   * layer and 5 for the others. @default 5
   */
  sigma: sigmaOption().optional('5'),
}

/** The hidden activations that a user chose. */
export interface HiddenOptions extends OptionsOf<{ readonly fields: typeof hiddenFields }> {}

/** The choice in one network. */
export interface HiddenChoice {
  /** The chosen ones of all hidden activations, in order. */
  readonly of: <T>(hidden: readonly T[]) => readonly T[]
  /** σ of each chosen one. */
  readonly sigmas: readonly number[]
  /** σ of the kernel of X. */
  readonly sigma: number
}

/**
 * The choice in any network. The returned function
 *
 * @throws OptionError for a name that no hidden activation of the network has
 */
export const hiddenChoice = (
  stage: string,
  { layers, sigma = SIGMA }: HiddenOptions,
): ((architecture: Architecture) => HiddenChoice) => {
  const [common, widths] = typeof sigma === 'number' ? [sigma, {}] : [SIGMA, sigma]
  const named = [...(layers ?? []), ...Object.keys(widths)]
  return (architecture) => {
    const names = hiddenLayers(architecture)
    const unknown = named.find((name) => !names.includes(name))
    if (unknown !== undefined) rejectOption(stage, `a hidden layer among ${names.join(', ')}`, `"${unknown}"`)
    const isChosen = (name: string | undefined): boolean => layers === undefined || layers.includes(name ?? '')
    return {
      of: (hidden) => hidden.filter((_, index) => isChosen(names[index])),
      sigmas: names.filter(isChosen).map((name) => widths[name] ?? common),
      sigma: common,
    }
  }
}
