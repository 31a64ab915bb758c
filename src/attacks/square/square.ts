import { imageSize } from '../../dsl/dataset.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { share, whole } from '../../dsl/options/kinds.js'
import { tf } from '../../engine/tf.js'
import { logitsOf } from '../common/ascend.js'
import { type Asking, type AskingInput, imagesAt } from '../common/asking.js'
import type { Attack, Classifier } from '../common/attack.js'
import { type Attempt, attemptsOnUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { checkThreat, nameOption, threatFields } from '../common/threat.js'
import { type SearchSettings, squareSearch } from './squareSearch.js'

/** The declared options of {@link square}. */
export const squareOptions = declareOptions('square', {
  ...threatFields,
  /** Changes tried on each example, one forward pass for each, ≥ 1. @default 5000 */
  queries: whole(1).default(5000),
  /** Runs from different starts, ≥ 1, each on the examples that survived the earlier ones. @default 1 */
  restarts: whole(1).default(1),
  /** Share of the image that the first squares cover, in (0, 1]. @default 0.8 */
  initialShare: share().default(0.8),
  /** Its name in figures. @default 'square' */
  name: nameOption().default('square'),
})

/** Options of {@link square}. */
export interface SquareOptions extends OptionsOf<typeof squareOptions> {}

/**
 * Square Attack: a random search that uses logits only, no gradients. It changes a randomly placed square of the image,
 * x' = Π(x̂ ± 2ε) in L∞, and keeps a change if it lowers the margin z_y − max_{c ≠ y} z_c. The squares shrink as the
 * search proceeds. In L2 it moves a part of the perturbation from one window to another.
 *
 * @example
 * attackEval([square({ epsilon: 0.3, queries: 1000 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no queries or restarts, an initial share outside
 * (0, 1], or an unknown norm
 * Source: Andriushchenko et al., "Square Attack: a query-efficient black-box adversarial attack via random search",
 * ECCV 2020, Algorithms 1–3; window sizes and positions as in AutoAttack (Croce & Hein, ICML 2020).
 */
export const square = (options: SquareOptions): Attack => {
  const { name, ...settings } = squareOptions.read(options)
  const { epsilon, norm, queries, restarts } = settings
  checkThreat('square', settings)

  return defineAttack({
    name,
    config: squareOptions.config(settings),
    norm,
    epsilon,
    shortened: () => square({ ...options, queries: Math.min(queries, SHORT_STEPS), restarts: 1 }),
    perturb: (input) => attemptsOnUnbroken(input, restarts, (attempt) => answered({ name, ...settings }, attempt)),
    ask: (input) => asking({ name, ...settings }, restarts, input),
  })
}

/** A search whose questions the classifier of the attempt answers at once. */
function* answered(settings: SearchSettings, attempt: Attempt): Generator<number, void, undefined> {
  const [, height, width, channels] = attempt.images.shape
  const images = attempt.images.dataSync<'float32'>()
  const search = squareSearch(settings, { ...attempt, images, shape: { height, width, channels } })
  let step = search.next()
  while (!step.done) {
    const { images: pixels, count, share: done } = step.value
    step = search.next(logitsOfPixels(attempt.classifier, pixels, [count, height, width, channels]))
    yield done
  }
}

/** A search whose questions are left to the caller, with its restarts. */
function* asking(settings: SearchSettings, restarts: number, input: AskingInput): Asking {
  const { images, classes, indices } = input
  const size = imageSize(input.shape)
  const result = images.slice()
  let rows = Array.from(classes.keys())
  for (let number = 0; number < restarts && rows.length > 0; number++) {
    const tried = rows
    const broken = new Set<number>()
    const onBroken = (place: number, image: Float32Array): void => {
      const row = tried[place] ?? 0
      result.set(image, row * size)
      broken.add(row)
    }
    const part = {
      ...input,
      images: imagesAt(images, size, tried),
      classes: Int32Array.from(tried, (row) => classes[row] ?? 0),
      indices: Uint32Array.from(tried, (row) => indices[row] ?? 0),
    }
    yield* squareSearch(settings, { ...part, number, onBroken })
    rows = tried.filter((row) => !broken.has(row))
  }
  return result
}

/** The logits of images. The engine keeps `pixels`, so the caller must not change it afterwards. */
const logitsOfPixels = (
  classifier: Classifier,
  pixels: Float32Array,
  shape: [number, number, number, number],
): Float32Array => {
  const images = tf.tensor4d(pixels, shape)
  try {
    return logitsOf(classifier, images)
  } finally {
    images.dispose()
  }
}
