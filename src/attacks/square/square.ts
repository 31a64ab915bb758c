import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { share, whole } from '../../dsl/options/kinds.js'
import { tf } from '../../engine/tf.js'
import { type RandomStream, stream } from '../../math/random.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack, Classifier } from '../common/attack.js'
import { type Attempt, attemptsOnUnbroken } from '../common/attempts.js'
import { defineAttack } from '../common/defineAttack.js'
import { runnerUp } from '../common/losses.js'
import type { NormName } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { SHORT_STEPS } from '../common/shortened.js'
import { checkThreat, nameOption, threatFields } from '../common/threat.js'
import { l2Moves } from './squareL2.js'
import { linfMoves } from './squareLinf.js'
import { type ImageShape, type SquareMoves, shareAt } from './squareMoves.js'

/** What Square tries, by norm. */
const moves: Readonly<Record<NormName, (shape: ImageShape, epsilon: number) => SquareMoves>> = {
  Linf: linfMoves,
  L2: l2Moves,
}

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

/** An example that has survived so far, and the image that came nearest to breaking it. */
interface Unbroken {
  readonly row: number
  readonly label: number
  readonly image: Float32Array
  readonly best: Float32Array
  readonly random: RandomStream
  /** z_y − max_{c ≠ y} z_c of `best`. */
  margin: number
}

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
  const { epsilon, norm, queries, restarts, initialShare } = settings
  checkThreat('square', settings)

  function* search(attempt: Attempt): Generator<number, void, undefined> {
    const [, height, width, channels] = attempt.images.shape
    const { side, start, move } = moves[norm]({ height, width, channels }, epsilon)
    const size = height * width * channels
    let unbroken = unbrokenOf(attempt, size, name)
    for (let query = 0; query <= queries && unbroken.length > 0; query++) {
      const edge = side(shareAt(initialShare, query - 1) * height * width)
      // A new array for each query, because its tensor shares it.
      const pixels = new Float32Array(unbroken.length * size)
      const candidates = unbroken.map((_, i) => pixels.subarray(i * size, (i + 1) * size))
      for (const [i, { image, best, random }] of unbroken.entries()) {
        const out = candidates[i] ?? pixels
        out.set(best)
        if (query === 0) start(out, image, random)
        else move(out, image, edge, random)
      }
      const logits = logitsOfPixels(attempt.classifier, pixels, [unbroken.length, height, width, channels])
      const classes = logits.length / unbroken.length
      const guesses = predictionsOf(logits, classes)
      for (const [i, example] of unbroken.entries()) {
        const found = candidates[i] ?? pixels
        const row = logits.subarray(i * classes, (i + 1) * classes)
        const margin = (row[example.label] ?? 0) - (row[runnerUp(row, example.label)] ?? 0)
        if (guesses[i] !== example.label) attempt.onBroken(example.row, found)
        else if (margin < example.margin) {
          example.margin = margin
          example.best.set(found)
        }
      }
      unbroken = unbroken.filter(({ label }, i) => guesses[i] === label)
      yield (query + 1) / (queries + 1)
    }
  }

  return defineAttack({
    name,
    config: squareOptions.config(settings),
    norm,
    epsilon,
    shortened: () => square({ ...options, queries: Math.min(queries, SHORT_STEPS), restarts: 1 }),
    perturb: (input) => attemptsOnUnbroken(input, restarts, search),
  })
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

const unbrokenOf = (
  { images, classes, indices, seed, number }: Attempt,
  size: number,
  name: string,
): readonly Unbroken[] => {
  const pixels = images.dataSync<'float32'>()
  return Array.from(classes, (label, row) => ({
    row,
    label,
    image: pixels.subarray(row * size, (row + 1) * size),
    best: new Float32Array(size),
    random: stream(seed, indices[row] ?? 0, name, number),
    margin: Number.POSITIVE_INFINITY,
  }))
}
