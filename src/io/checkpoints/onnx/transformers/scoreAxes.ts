import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, shapeText } from '../graph/tensor.js'
import type { Heads, ScoreAxis, Value } from '../graph/value.js'
import { draftOf } from '../values/drafts.js'
import { attributeOrInput, numbersIn } from '../values/numbers.js'
import { fromFront, withAxes } from '../values/views.js'

// The scores of attention while a file moves their axes, as one that spells out `einsum` does. Each axis counts heads, the rows
// or the columns of the product that made the scores, the images of a file that fixes their number, or several of these; one of
// a single entry may count nothing.

type Counted = ScoreAxis['counts'][number]

/** The axes of a product of queries and keys. */
export const axesOfScores = (
  { batch = 1 }: NodeReader,
  { outer, images }: Heads,
  rows: number,
  columns: number,
): readonly ScoreAxis[] => [
  ...outer.map((extent, axis): ScoreAxis => {
    if (axis !== images?.axis) return { extent, counts: heads(extent, 2 * axis) }
    const { inner } = images
    const each: Counted = { what: 'images', extent: batch, place: 0 }
    return { extent: extent * batch, counts: [...heads(extent / inner, 2 * axis), each, ...heads(inner, 2 * axis + 1)] }
  }),
  { extent: rows, counts: [{ what: 'rows', extent: rows, place: 0 }] },
  { extent: columns, counts: [{ what: 'columns', extent: columns, place: 0 }] },
]

const heads = (extent: number, place: number): readonly Counted[] =>
  extent > 1 ? [{ what: 'heads', extent, place }] : []

/** The extents before those of the matrices for one image, and where the other images are among them. */
export const ofOneImage = (axes: readonly ScoreAxis[]): Pick<Heads, 'outer' | 'images'> => {
  const before = axes.slice(0, -2)
  const places = before.map(({ counts }) => counts.findIndex(({ what }) => what === 'images'))
  const axis = places.findIndex((place) => place !== -1)
  const after = before[axis]?.counts.slice((places[axis] ?? 0) + 1) ?? []
  return {
    outer: before.map(({ counts }) =>
      countOf(counts.filter(({ what }) => what !== 'images').map(({ extent }) => extent)),
    ),
    images: axis === -1 ? undefined : { axis, inner: countOf(after.map(({ extent }) => extent)) },
  }
}

/** What one axis counts, if that is one thing. */
export const countedBy = (axis: ScoreAxis | undefined): Counted['what'] | undefined =>
  axis?.counts.length === 1 ? axis.counts[0]?.what : undefined

/** What the rows and the columns of matrices count, of which there is one for each head, in the order of the heads. */
export const matricesOf = (
  axes: readonly ScoreAxis[],
): { readonly rows: string; readonly columns: string } | undefined => {
  const counted = axes.slice(0, -2).flatMap(({ counts }) => counts.filter(({ what }) => what !== 'images'))
  const areHeads = counted.every(({ what, place }, i) => what === 'heads' && place >= (counted[i - 1]?.place ?? 0))
  const [rows, columns] = axes.slice(-2).map(countedBy)
  return areHeads && rows !== undefined && columns !== undefined ? { rows, columns } : undefined
}

/** An operator that may move the axes of scores; anything else is read by `read`. */
export const scoresOr =
  (move: (node: NodeReader, axes: readonly ScoreAxis[]) => readonly ScoreAxis[], read: (node: NodeReader) => Value) =>
  (node: NodeReader): Value => {
    const value = node.optional(0)
    const before = value && draftOf(value, 'scores')
    return before ? { ...before, axes: move(node, before.axes) } : read(node)
  }

/** `Reshape`: axes become one, or such are parted again. */
export const reshapeScores = (node: NodeReader, axes: readonly ScoreAxis[]): readonly ScoreAxis[] => {
  const own = axes.map(({ extent }) => extent)
  const copies = node.integer('allowzero') === 0
  const wanted = numbersIn(node, 1).values.map((extent, axis) =>
    extent === 'batch' ? (node.batch ?? 1) : extent === 0 && copies ? (own[axis] ?? Number.NaN) : extent,
  )
  const known = countOf(wanted.filter((extent) => extent !== -1))
  const dims = wanted.map((extent) => (extent === -1 ? countOf(own) / known : extent))
  const rest = axes.flatMap(({ counts }) => counts)
  const result = dims.map((extent): ScoreAxis => {
    const counts: Counted[] = []
    while (rest[0] && countOf([...counts, rest[0]].map((each) => each.extent)) <= extent) {
      // An axis of one entry takes at most one of the same.
      if (extent === 1 && counts.length === 1) break
      counts.push(rest[0])
      rest.shift()
    }
    return countOf(counts.map((each) => each.extent)) === extent ? { extent, counts } : refuseParts(node, dims)
  })
  return rest.length === 0 ? result : refuseParts(node, dims)
}

const refuseParts = (node: NodeReader, dims: readonly number[]): never =>
  node.refuse('scores of attention with whole axes of heads and tokens', `shape ${shapeText(dims.slice(0, 16))}`)

/** `Transpose`. */
export const transposeScores = (node: NodeReader, axes: readonly ScoreAxis[]): readonly ScoreAxis[] => {
  const order = node.integers('perm') ?? axes.map((_, axis) => axes.length - 1 - axis)
  const moved = order.flatMap((axis) => axes[axis] ?? [])
  if (moved.length !== axes.length || new Set(moved).size !== axes.length)
    node.refuse(`an order of ${axes.length} axes as attribute "perm"`, shapeText(order.slice(0, 16)))
  return moved
}

/** `Squeeze`. */
export const squeezeScores = (node: NodeReader, axes: readonly ScoreAxis[]): readonly ScoreAxis[] => {
  const given = attributeOrInput(node, 'axes', 1)
  const dropped = given?.map((axis) => fromFront(node, axis, axes.length))
  const kept = axes.filter(({ extent }, axis) => (dropped ? !dropped.includes(axis) : extent > 1))
  if (axes.some((axis) => !kept.includes(axis) && (axis.extent > 1 || axis.counts.length > 0)))
    node.refuse('axes of one entry that count nothing', shapeText(axes.map(({ extent }) => extent)))
  return kept
}

/** `Unsqueeze`. */
export const unsqueezeScores = (node: NodeReader, axes: readonly ScoreAxis[]): readonly ScoreAxis[] => {
  const added = attributeOrInput(node, 'axes', 1) ?? node.refuse('axes', 'none')
  return withAxes(node, axes, added).map((axis) => (axis === 1 ? { extent: 1, counts: [] } : axis))
}
