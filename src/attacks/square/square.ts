import { checkOptions } from '../../dsl/checkOptions.js'
import { checkWhole } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { tf } from '../../engine/tf.js'
import { type RandomStream, stream } from '../../math/random.js'
import { logitsOf } from '../common/ascend.js'
import type { Attack, Classifier } from '../common/attack.js'
import { type Attempt, onUnbroken } from '../common/attempts.js'
import { checkThreat } from '../common/checkThreat.js'
import { defineAttack } from '../common/defineAttack.js'
import { runnerUp } from '../common/losses.js'
import type { NormName } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { l2Moves } from './squareL2.js'
import { linfMoves } from './squareLinf.js'
import { type ImageShape, type SquareMoves, shareAt } from './squareMoves.js'

const moves: Readonly<Record<NormName, (shape: ImageShape, epsilon: number) => SquareMoves>> = {
  Linf: linfMoves,
  L2: l2Moves,
}

/** Options of {@link square}. */
export interface SquareOptions {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  readonly epsilon: number
  /** How a perturbation is measured. @default 'Linf' */
  readonly norm?: NormName
  /** Changes that are tried on each example, one forward pass each, ≥ 1. @default 5000 */
  readonly queries?: number
  /** Tries, each from another start, on what the earlier ones left; ≥ 1. @default 1 */
  readonly restarts?: number
  /** Share of the image that the first squares cover, in (0, 1]. @default 0.8 */
  readonly initialShare?: number
  /** How figures name it. @default 'square' */
  readonly name?: string
}

/** An example that still stands, and the image that came nearest to breaking it. */
interface Standing {
  readonly row: number
  readonly label: number
  readonly image: Float32Array
  readonly best: Float32Array
  readonly random: RandomStream
  /** z_y − max_{c ≠ y} z_c of `best`. */
  margin: number
}

/**
 * Square Attack: random search that asks for logits alone, no gradients. It changes a randomly placed square of the
 * image, x' = Π(x̂ ± 2ε) in L∞, and keeps what lowers the margin z_y − max_{c ≠ y} z_c; the squares shrink as it goes
 * on. In L2 it moves length from one window to another.
 *
 * @example
 * attackEval([square({ epsilon: 0.3, queries: 1000 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no queries or restarts, an initial share outside
 * (0, 1], or an unknown norm
 * Source: Andriushchenko et al., "Square Attack: a query-efficient black-box adversarial attack via random search",
 * ECCV 2020, Algorithms 1–3; window sizes and positions as AutoAttack (Croce & Hein, ICML 2020) runs it.
 */
export const square = (options: SquareOptions): Attack => {
  const {
    epsilon,
    norm = 'Linf',
    queries = 5000,
    restarts = 1,
    initialShare = 0.8,
    name = 'square',
  } = checkOptions('square', options, {
    epsilon: true,
    norm: true,
    queries: true,
    restarts: true,
    initialShare: true,
    name: true,
  })
  checkThreat('square', norm, epsilon)
  checkWhole('square', 'queries', queries, 1)
  checkWhole('square', 'restarts', restarts, 1)
  if (!(initialShare > 0 && initialShare <= 1)) rejectOption('square', 'initialShare in (0, 1]', initialShare)

  function* search(attempt: Attempt): Generator<number, void, undefined> {
    const [, height, width, channels] = attempt.images.shape
    const { side, start, move } = moves[norm]({ height, width, channels }, epsilon)
    const size = height * width * channels
    let standing = standingOf(attempt, size, name)
    for (let query = 0; query <= queries && standing.length > 0; query++) {
      const edge = side(shareAt(initialShare, query - 1) * height * width)
      // A new array for each query: its tensor shares it.
      const tried = new Float32Array(standing.length * size)
      const each = standing.map((_, i) => tried.subarray(i * size, (i + 1) * size))
      for (const [i, { image, best, random }] of standing.entries()) {
        const out = each[i] ?? tried
        out.set(best)
        if (query === 0) start(out, image, random)
        else move(out, image, edge, random)
      }
      const logits = asked(attempt.classifier, tried, [standing.length, height, width, channels])
      const classes = logits.length / standing.length
      const guesses = predictionsOf(logits, classes)
      for (const [i, example] of standing.entries()) {
        const found = each[i] ?? tried
        const row = logits.subarray(i * classes, (i + 1) * classes)
        const margin = (row[example.label] ?? 0) - (row[runnerUp(row, example.label)] ?? 0)
        if (guesses[i] !== example.label) attempt.broken(example.row, found)
        else if (margin < example.margin) {
          example.margin = margin
          example.best.set(found)
        }
      }
      standing = standing.filter(({ label }, i) => guesses[i] === label)
      yield (query + 1) / (queries + 1)
    }
  }

  return defineAttack({
    name,
    config: { epsilon, norm, queries, restarts, initialShare },
    norm,
    epsilon,
    perturb: (input) => onUnbroken(input, restarts, search),
  })
}

/** The logits of images; `pixels` belongs to the engine from here on. */
const asked = (classifier: Classifier, pixels: Float32Array, shape: [number, number, number, number]): Float32Array => {
  const images = tf.tensor4d(pixels, shape)
  try {
    return logitsOf(classifier, images)
  } finally {
    images.dispose()
  }
}

const standingOf = (
  { images, classes, indices, seed, run }: Attempt,
  size: number,
  name: string,
): readonly Standing[] => {
  const pixels = images.dataSync<'float32'>()
  return Array.from(classes, (label, row) => ({
    row,
    label,
    image: pixels.subarray(row * size, (row + 1) * size),
    best: new Float32Array(size),
    random: stream(seed, indices[row] ?? 0, name, run),
    margin: Number.POSITIVE_INFINITY,
  }))
}
