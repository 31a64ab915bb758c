import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { type RandomStream, stream } from '../../math/random.js'
import type { AskingInput, Question } from '../common/asking.js'
import { runnerUp } from '../common/losses.js'
import type { NormName } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { l2Moves } from './squareL2.js'
import { linfMoves } from './squareLinf.js'
import { type SquareMoves, shareAt } from './squareMoves.js'

/** What Square tries, by norm. */
const moves: Readonly<Record<NormName, (shape: ImageShape, epsilon: number) => SquareMoves>> = {
  Linf: linfMoves,
  L2: l2Moves,
}

/** The options of a search. */
export interface SearchSettings {
  readonly name: string
  readonly norm: NormName
  readonly epsilon: number
  readonly queries: number
  readonly initialShare: number
}

/** One search from one start. */
export interface Search extends AskingInput {
  /** Which attempt, from 0. */
  readonly number: number
  /** Receives an image that is misclassified, and its row. */
  readonly onBroken: (row: number, image: Float32Array) => void
}

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

/** Searches for images that break the examples: yields what is to be classified, and takes the logits. See `square`. */
export function* squareSearch(
  { name, norm, epsilon, queries, initialShare }: SearchSettings,
  search: Search,
): Generator<Question, void, Float32Array> {
  const { height, width } = search.shape
  const { side, start, move } = moves[norm](search.shape, epsilon)
  const size = imageSize(search.shape)
  let unbroken = unbrokenOf(search, size, name)
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
    const logits = yield { images: pixels, count: unbroken.length, share: (query + 1) / (queries + 1) }
    const classes = logits.length / unbroken.length
    const guesses = predictionsOf(logits, classes)
    for (const [i, example] of unbroken.entries()) {
      const found = candidates[i] ?? pixels
      const row = logits.subarray(i * classes, (i + 1) * classes)
      const margin = (row[example.label] ?? 0) - (row[runnerUp(row, example.label)] ?? 0)
      if (guesses[i] !== example.label) search.onBroken(example.row, found)
      else if (margin < example.margin) {
        example.margin = margin
        example.best.set(found)
      }
    }
    unbroken = unbroken.filter(({ label }, i) => guesses[i] === label)
  }
}

const unbrokenOf = (
  { images, classes, indices, seed, number }: Search,
  size: number,
  name: string,
): readonly Unbroken[] =>
  Array.from(classes, (label, row) => ({
    row,
    label,
    image: images.subarray(row * size, (row + 1) * size),
    best: new Float32Array(size),
    random: stream(seed, indices[row] ?? 0, name, number),
    margin: Number.POSITIVE_INFINITY,
  }))
