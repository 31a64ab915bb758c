import type { Tensor4D } from '@tensorflow/tfjs-core'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import type { Attack } from '../common/attack.js'
import type { Attempt } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import type { NormName } from '../common/norms.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { checkThreat, nameOption } from '../common/threat.js'
import { configOf, fabFields } from './fabOptions.js'
import { type Boundary, fabWalk, planeTowards, searches } from './fabWalk.js'

/** The declared options of {@link fab}. */
export const fabOptions = declareOptions('fab', {
  ...fabFields,
  /** Its name in figures. @default 'fab' */
  name: nameOption().default('fab'),
})

/** Options of {@link fab}. */
export interface FabOptions extends OptionsOf<typeof fabOptions> {}

/**
 * Fast adaptive boundary attack: looks for the shortest perturbation. Each step approximates the boundary to every other
 * class by a plane and moves to the nearest plane:
 * x' = clip((1 − α)(x' + η·d(x')) + α(x + η·d(x))), where d(·) is the shortest step to the plane within [0, 1].
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
    shortened: () => fab({ ...options, steps: Math.min(settings.steps, SHORT_STEPS), restarts: 1 }),
    perturb: (input) =>
      searches[search].attempts(input, restarts, (attempt) =>
        fabWalk({
          ...settings,
          name,
          attempt,
          start: attempt.number === 0 ? 'image' : 'random',
          boundary: (images, rows) => nearest(attempt, images, rows, norm),
        }),
      ),
  })
}

/** The dual norm of a gradient. The distance to a plane, in the norm, is |difference| divided by it. */
const dualLength: Readonly<Record<NormName, (gradient: Float32Array) => number>> = {
  Linf: (gradient) => gradient.reduce((sum, value) => sum + Math.abs(value), 0),
  L2: (gradient) => Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)),
}

/** Keeps the distance finite if the gradient is zero; the value of the official AutoAttack. */
const GUARD = 1e-12

/** For each row, the nearest of the planes to all other classes. Takes one backward pass per class. */
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
      const distance = Math.abs(difference) / (GUARD + dualLength[norm](gradient))
      if (!(distance < (distances[row] ?? 0))) continue
      distances[row] = distance
      best.gradients.set(gradient, row * size)
      best.differences[row] = difference
    }
  }
  return best ?? { differences: new Float32Array(rows.length), gradients: new Float32Array(images.size) }
}
