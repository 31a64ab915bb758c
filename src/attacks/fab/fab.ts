import type { Tensor4D } from '@tensorflow/tfjs-core'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import type { Attack } from '../common/attack.js'
import type { Attempt } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import type { NormName } from '../common/norms.js'
import { checkThreat, nameOption } from '../common/threat.js'
import { configOf, fabFields } from './fabOptions.js'
import { type Boundary, fabWalk, planeTowards, searches } from './fabWalk.js'

/** What {@link fab} takes. */
export const fabOptions = declareOptions('fab', {
  ...fabFields,
  /** Its name in figures. @default 'fab' */
  name: nameOption().default('fab'),
})

/** Options of {@link fab}. */
export interface FabOptions extends OptionsOf<typeof fabOptions> {}

/**
 * Fast adaptive boundary attack: looks for the shortest perturbation. In each step the boundary to every other class
 * is taken for a plane, and the nearest of them is the one that it goes to:
 * x' = clip((1 − α)(x' + η·d(x')) + α(x + η·d(x))), d(·) the shortest step to the plane within [0, 1].
 *
 * @example
 * attackEval([fab({ epsilon: 0.3, restarts: 5 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no steps or restarts, α_max or β outside (0, 1], an
 * η that is not positive, or an unknown norm or search
 * Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", ICML 2020,
 * Algorithm 1.
 */
export const fab = (options: FabOptions): Attack => {
  const { name, ...settings } = fabOptions.read(options)
  const { norm, epsilon, restarts, search } = settings
  checkThreat('fab', settings)
  return defineAttack({
    name,
    config: configOf(settings),
    norm,
    epsilon,
    perturb: (input) =>
      searches[search].tries(input, restarts, (attempt) =>
        fabWalk({
          ...settings,
          name,
          attempt,
          start: attempt.run === 0 ? 'image' : 'random',
          boundary: (images, rows) => nearest(attempt, images, rows, norm),
        }),
      ),
  })
}

/** How steep a plane is: |difference| by this is the distance to it, in the norm whose dual this is. */
const steepness: Readonly<Record<NormName, (gradient: Float32Array) => number>> = {
  Linf: (gradient) => gradient.reduce((sum, value) => sum + Math.abs(value), 0),
  L2: (gradient) => Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)),
}

/** Keeps the distance to a plane without a gradient finite; the official AutoAttack's. */
const GUARD = 1e-12

/** The nearest of the planes to all other classes, each with a backward pass of its own. */
const nearest = (
  { classifier, classes, labels }: Attempt,
  images: Tensor4D,
  rows: Int32Array,
  norm: NormName,
): Boundary => {
  const truth = rows.map((row) => classes[row] ?? 0)
  const others = labels.shape[1] - 1
  let best: Boundary | undefined
  const distances = new Float64Array(rows.length).fill(Number.POSITIVE_INFINITY)
  for (let other = 0; other < others; other++) {
    const targets = truth.map((label) => (other < label ? other : other + 1))
    const plane = planeTowards(classifier, images, truth, targets)
    const size = plane.gradients.length / rows.length
    best ??= plane
    for (const row of rows.keys()) {
      const gradient = plane.gradients.subarray(row * size, (row + 1) * size)
      const difference = plane.differences[row] ?? 0
      const distance = Math.abs(difference) / (GUARD + steepness[norm](gradient))
      if (!(distance < (distances[row] ?? 0))) continue
      distances[row] = distance
      best.gradients.set(gradient, row * size)
      best.differences[row] = difference
    }
  }
  return best ?? { differences: new Float32Array(rows.length), gradients: new Float32Array(images.size) }
}
