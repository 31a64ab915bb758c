import type { Tensor } from '@tensorflow/tfjs-core'
import { checkPositive } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { SIGMA } from '../../math/hsic/bottleneck.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { hiddenLayers } from '../../models/architecture/hiddenLayers.js'

/** Options of a stage that looks at hidden activations by kernels. */
export interface HiddenOptions {
  /** Which hidden activations, by the names of `hiddenLayers(architecture)`. @default all */
  readonly layers?: readonly string[]
  /**
   * Width σ > 0 of the Gaussian kernels, in units of √d for d features: one for X and every layer, or one for each layer
   * that is named, 5 for the others. @default 5
   */
  readonly sigma?: number | Readonly<Record<string, number>>
}

/** What such a stage looks at in one network. */
export interface HiddenChoice {
  /** Those that were chosen, of all hidden activations in order. */
  readonly of: (hidden: readonly Tensor[]) => readonly Tensor[]
  /** σ of each of them. */
  readonly sigmas: readonly number[]
  /** σ of the kernel of X. */
  readonly sigma: number
}

/**
 * Checks the options; what they say of a network is known when there is one.
 *
 * @throws OptionError for no layers or σ ≤ 0, and later for a name that the network has no hidden activation of
 */
export const hiddenChoice = (
  stage: string,
  { layers, sigma = SIGMA }: HiddenOptions,
): ((architecture: Architecture) => HiddenChoice) => {
  const [common, widths] = typeof sigma === 'number' ? [sigma, {}] : [SIGMA, sigma]
  if (layers?.length === 0) rejectOption(stage, 'at least one layer', 'none')
  for (const width of [common, ...Object.values(widths)]) checkPositive(stage, 'sigma', width)
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
