import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, doublesOf, floatsOf, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor } from '../graph/tensors.js'
import type { Heads, Value } from '../graph/value.js'
import type { Arrangement } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { type Movement, moved, movedIn } from '../values/moved.js'
import { isNumbers } from '../values/numbers.js'
import { shortest } from '../values/shortest.js'
import { fromFront } from '../values/views.js'
import { axesOfScores, countedBy, matricesOf, ofOneImage } from './scoreAxes.js'

// Attention as exporters write it: softmax(scale·Q·Kᵀ)·V, where reshapes and transpositions make a matrix of each head.
// What the matrices hold is known by the places of their numbers, so it does not matter by which steps they were made.

/** `MatMul` of two activations: of queries and keys, or of shares and values. */
export const attend = (node: NodeReader): Value => {
  const shares = draftOf(node.value(0), 'scores')
  if (shares) return ofValues(node, shares)
  const after = draftOf(node.value(1), 'scores')
  if (after) return ofValuesBefore(node, after)
  const [left, right] = [movedIn(node, 0), movedIn(node, 1)]
  const query = left && headsOf(node, left, 'rows')
  const key = right && headsOf(node, right, 'columns')
  if (!query || !key || !isSame(query, key) || query.channels.length !== key.channels.length)
    return (
      covary(node, left, right) ??
      node.refuse('a product with a constant, or of queries and keys', `${node.described(0)}, and ${node.described(1)}`)
    )
  const axes = axesOfScores(node, query, query.tokens, key.tokens)
  return scores(node, { query, key, scale: query.factor * key.factor, across: 'tokens', axes })
}

/** A product of queries and keys with a row for each channel. */
const covary = (node: NodeReader, left: Movement | undefined, right: Movement | undefined): Value | undefined => {
  const query = left && headsOf(node, left, 'columns')
  const key = right && headsOf(node, right, 'rows')
  if (!query || !key || !isSame(query, key) || query.channels.length !== key.channels.length) return undefined
  if (query.tokens !== key.tokens || query.factor !== 1 || key.factor !== 1) return undefined
  const [rows, columns] = [query, key].map(({ channels, heads }) => channels.length / heads)
  const axes = axesOfScores(node, query, rows ?? 0, columns ?? 0)
  return scores(node, { query, key, scale: 1, across: 'channels', axes })
}

/** Whether two have as many heads, and the same axis of images. */
export const isSame = (a: Heads, b: Heads): boolean =>
  a.heads === b.heads && a.images?.axis === b.images?.axis && a.images?.inner === b.images?.inner

type Scores = Omit<Extract<Value, { readonly draft: 'scores' }>, 'kind' | 'draft' | 'settle'>

const scores = (node: NodeReader, given: Scores): Value => ({
  kind: 'draft',
  draft: 'scores',
  ...given,
  settle: () => node.refuse('attention, softmax(scale·Q·Kᵀ)·V', 'another use of products of activations'),
})

/** Matrices, a token in each row or column, of a number of heads. */
export const headsOf = (node: NodeReader, given: Movement, tokensAre: 'rows' | 'columns'): Heads | undefined => {
  const { shape, dims, positions, images } = given
  if (shape.kind !== 'image' || dims.length < 2 || (images && images.axis >= dims.length - 2)) return undefined
  const tokens = shape.height * shape.width
  const outer = dims.slice(0, -2)
  const [rows = 0, columns = 0] = dims.slice(-2)
  const [count, depth] = tokensAre === 'rows' ? [rows, columns] : [columns, rows]
  const heads = countOf(outer)
  if (count !== tokens) return undefined
  const place = (head: number, token: number, channel: number): number =>
    positions[
      tokensAre === 'rows' ? (head * tokens + token) * depth + channel : (head * depth + channel) * tokens + token
    ] ?? Number.NaN
  node.budget.work(4 * positions.length, 'the order of its activations')
  const channels: number[] = []
  for (let head = 0; head < heads; head++)
    for (let channel = 0; channel < depth; channel++) {
      const first = place(head, 0, channel)
      if (first % tokens !== 0) return undefined
      for (let token = 1; token < tokens; token++) if (place(head, token, channel) !== first + token) return undefined
      channels.push(first / tokens)
    }
  return { ...sourceOf(node, given), outer, images, heads, tokens, channels }
}

/** The activations that numbers come from, and one factor of all of them. */
const sourceOf = (node: NodeReader, { source }: Arrangement): Pick<Heads, 'source' | 'factor'> => {
  const affine = draftOf(source, 'affine')
  const [factor = 1] = affine?.scale ?? []
  const isFactor =
    affine && !affine.into && affine.scale.every((each) => each === factor) && affine.shift.every((each) => each === 0)
  return isFactor && factor > 0
    ? { source: affine.source, factor }
    : { source: node.withInputs([source]).activations(0), factor: 1 }
}

const ofValues = (node: NodeReader, given: Scores): Value => {
  const found = matricesOf(given.axes)
  if (given.across === 'channels') return ofCovaried(node, given, found)
  const isFit = found && given.over !== undefined && found.columns === given.over
  const right = movedIn(node, 1)
  const value = isFit && right ? headsOf(node, right, 'rows') : undefined
  if (!value) return refuseValues(node, 1)
  return ofAttended(node, given, value, 'rows')
}

/** `MatMul` of values, with a column for each token, and of shares with a column for each query. */
const ofValuesBefore = (node: NodeReader, given: Scores): Value => {
  const found = matricesOf(given.axes)
  const isFit = given.across === 'tokens' && found && given.over !== undefined && found.rows === given.over
  const left = movedIn(node, 0)
  const value = isFit && left ? headsOf(node, left, 'columns') : undefined
  if (!value) return refuseValues(node, 0)
  return ofAttended(node, given, value, 'columns')
}

const refuseValues = (node: NodeReader, at: number): never =>
  node.refuse('shares of values, softmax(scale·Q·Kᵀ)·V', node.described(at))

/** Attention between channels. */
const ofCovaried = (
  node: NodeReader,
  { query, key, factor, over }: Scores,
  found: ReturnType<typeof matricesOf>,
): Value => {
  const right = movedIn(node, 1)
  const value = right && headsOf(node, right, 'columns')
  const { heads, tokens, outer, images } = query
  const isFit = over === 'columns' && found?.rows === 'rows' && found.columns === 'columns'
  if (!isFit || !value || !isSame(value, query) || value.tokens !== tokens || value.factor !== 1)
    return node.refuse('shares of values, softmax(t·Q·Kᵀ)·V between channels', node.described(1))
  const name = node.wholeName(factor?.name ?? '')
  const output = node.builder.add(
    { type: 'crossCovariance', name, heads },
    [query, key, value].map((each) => part(node, each)),
    node.origin(name),
    { '': lazyTensor([heads, 1, 1], () => (factor ? floatsOf(factor) : new Float32Array(heads).fill(1))) },
  )
  const count = value.channels.length * tokens
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * count, 'the order of its activations')
  const dims = [...outer, value.channels.length / heads, tokens]
  const positions = Float64Array.from({ length: count }, (_, i) => i)
  return moved(node, { source: activations(output), shape: output.shape, dims, positions, images })
}

/** Attention between tokens. @param tokensAre where the tokens of the values, and of the result, are in its matrices */
export const ofAttended = (node: NodeReader, given: Scores, value: Heads, tokensAre: 'rows' | 'columns'): Value => {
  // The shares of each query sum to 1.
  const [query, key] = given.over === 'columns' ? [given.query, given.key] : [given.key, given.query]
  const { outer, images } = ofOneImage(given.axes)
  if (!isSame(value, { ...query, images }) || value.tokens !== key.tokens)
    return refuseValues(node, tokensAre === 'rows' ? 1 : 0)
  const { scale } = given
  const { heads, tokens } = query
  const width = value.channels.length / heads
  const inputs = [query, key, { ...value, factor: 1 }].map((each) => part(node, each))
  const valued = value.factor === 1 ? inputs[2] : scaledBy(node, inputs[2], value.factor)
  const [first, second] = inputs
  if (!first || !second || !valued) return node.refuse('queries, keys and values', 'fewer')
  const usual = Math.fround(1 / Math.sqrt(query.channels.length / heads))
  const own = Math.fround(scale) === usual ? {} : { scale: shortest(scale) }
  const output = node.builder.add(
    { type: 'attention', heads, ...own },
    [first, second, valued],
    node.originOf('attention'),
  )
  const count = heads * tokens * width
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * count, 'the order of its activations')
  const size = tokens * width
  const positions = Float64Array.from({ length: count }, (_, i) => {
    const [head, row] = [Math.floor(i / size), i % size]
    const [token, channel] =
      tokensAre === 'rows' ? [Math.floor(row / width), row % width] : [row % tokens, Math.floor(row / tokens)]
    return (head * width + channel) * tokens + token
  })
  const matrix = tokensAre === 'rows' ? [tokens, width] : [width, tokens]
  return moved(node, {
    source: activations(output),
    shape: output.shape,
    dims: [...outer, ...matrix],
    positions,
    images,
  })
}

/** The channels that heads read, as activations of their own. */
const part = (node: NodeReader, { source, channels }: Heads): Activations => {
  const own = source.shape.kind === 'image' ? source.shape.channels : 0
  if (channels.length === own && channels.every((channel, c) => channel === c)) return source
  return node.builder.add({ type: 'selectChannels', channels }, [source], node.originOf('selectChannels'))
}

const scaledBy = (node: NodeReader, source: Activations | undefined, factor: number): Activations | undefined =>
  source && node.builder.add({ type: 'scale', factor: shortest(factor) }, [source], node.originOf('scale'))

/** `Mul` or `Div` of scores by one number. */
export const scaleStep =
  (combine: (scale: number, by: number) => number) =>
  (node: NodeReader): Value | undefined => {
    const [at, other] = draftOf(node.value(0), 'scores') ? [0, 1] : [1, 0]
    const before = draftOf(node.value(at), 'scores')
    if (!before || before.over !== undefined || !isNumbers(node.value(other))) return undefined
    const tensor = node.constant(other)
    if (before.across === 'channels') return headFactor(node, before, tensor)
    const [by = Number.NaN] = doublesOf(tensor)
    if (countOf(tensor.dims) !== 1 || !(by > 0))
      node.refuse('one number > 0 as the scale of attention', node.described(other))
    return scores(node, { ...before, scale: combine(before.scale, by) })
  }

/** A learned factor of each head. */
const headFactor = (node: NodeReader, before: Scores, tensor: Tensor): Value => {
  const { heads } = before.query
  const dims = tensor.dims.toReversed()
  const found = matricesOf(before.axes)
  const isFit = found?.rows === 'rows' && found.columns === 'columns'
  if (!isFit || node.operator !== 'Mul' || before.factor || countOf(dims) !== heads || (dims[2] ?? heads) !== heads)
    node.refuse(
      `one number for each of ${heads} heads, as factors of attention between channels`,
      shapeText(tensor.dims),
    )
  return scores(node, { ...before, factor: tensor })
}

/** `Softmax` of scores, along the keys: whichever of both activations of the product they are. */
export const softmaxStep = (node: NodeReader): Value | undefined => {
  const before = draftOf(node.value(0), 'scores')
  if (!before) return undefined
  const axis = fromFront(node, node.integer('axis'), before.axes.length)
  const over = countedBy(before.axes[axis])
  if (before.over !== undefined || (over !== 'rows' && over !== 'columns'))
    return node.refuse('one softmax along the keys of attention', `one along axis ${axis}`)
  return scores(node, { ...before, over })
}
