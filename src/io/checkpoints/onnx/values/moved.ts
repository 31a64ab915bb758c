import type { NodeReader } from '../graph/nodeReader.js'
import type { Extent } from '../graph/numbers.js'
import { countOf, doublesOf, permuted, shapeText, tensorOf } from '../graph/tensor.js'
import type { Draft, Value } from '../graph/value.js'
import { type Arrangement, arranged, dimsOf, inOrder } from './arranged.js'
import { croppedIn } from './crops.js'
import { activations, draftOf, once } from './drafts.js'
import { attributeOrInput, isNumbers, knownIn, numbersIn } from './numbers.js'
import { fromFront, MOST_AXES } from './views.js'

// Transformers move the numbers of activations further than `arranged` goes: they take parts of them, and put the axis of
// images between others. A layer here computes each image by itself, so what a file does with one image is all that it can
// mean: here the axis of images is one of one entry.

/** Numbers of activations in any shape. */
export type Moved = Extract<Draft, { readonly draft: 'moved' }>

/** An input as numbers of the activations of one image; undefined for numbers that the file fixes, and other drafts. */
export const movedIn = (node: NodeReader, index = 0): Arrangement | undefined => {
  const value = node.value(index)
  if (isNumbers(value)) return undefined
  const moved = draftOf(value, 'moved')
  if (moved) return moved
  const before = draftOf(value, 'arranged')
  if (before) return { ...before, dims: [1, ...before.dims] }
  if (draftOf(value, 'scores') || draftOf(value, 'moment')) return undefined
  const output = node.activations(index)
  const own = inOrder(node, output.shape)
  return { source: activations(output), ...own, dims: [1, ...own.dims] }
}

/** The value for moved numbers: if they are all of one image's, with the images first, an order that layers may read. */
export const moved = (node: NodeReader, { source, shape, dims, positions }: Arrangement): Value => {
  const [first, ...others] = dims
  const isWhole = positions.length === countOf(dimsOf(shape))
  if (first === 1 && others.length > 0 && isWhole) return arranged(node, { source, shape, dims: others, positions })
  const token = tokenIn({ source, shape, dims, positions })
  if (token !== undefined)
    return activations(
      node.builder.add(
        { type: 'takeToken', token },
        [node.withInputs([source]).activations(0)],
        node.originOf('takeToken'),
      ),
    )
  const settle = once(() => {
    const part = first === 1 ? croppedIn(node, { source, shape, dims, positions }) : undefined
    return part ? node.withInputs([arranged(node, part)]).activations(0) : unread()
  })
  const unread = (): never =>
    first === 1
      ? node.refuse('numbers that a layer here reads', `some of them, of shape ${shapeText(dims)}`)
      : node.refuse('images along the first axis', `the numbers of each, moved to shape ${shapeText(dims)}`)
  return { kind: 'draft', draft: 'moved', source, shape, dims, positions, settle }
}

/** The pixel whose channels these numbers are, as a vector for each image. */
const tokenIn = ({ shape, dims, positions }: Arrangement): number | undefined => {
  if (shape.kind !== 'image' || dims.length !== 2 || dims[0] !== 1 || dims[1] !== shape.channels) return undefined
  const pixels = shape.height * shape.width
  const [token = 0] = positions
  return token < pixels && positions.every((position, c) => position === c * pixels + token) ? token : undefined
}

/** An operator on activations that `read` reads, or one that moves the numbers of `moved` ones. */
export const movedOr =
  (move: (node: NodeReader, before: Arrangement) => Value, read: (node: NodeReader) => Value) =>
  (node: NodeReader): Value => {
    const value = node.optional(0)
    const before = value && draftOf(value, 'moved')
    return before ? move(node, before) : read(node)
  }

const spend = (node: NodeReader, count: number): void => {
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * count, 'the order of its activations')
  node.budget.work(STEPS * count, 'the order of its activations')
}

/** What a number's place costs to move, in steps of the budget. */
const STEPS = 4

/** `Reshape`. */
export const reshapeMoved = (node: NodeReader, before: Arrangement): Value => {
  const copies = node.integer('allowzero') === 0
  const wanted = numbersIn(node, 1).values.map((extent, axis): number => {
    const own = ofOneImage(extent)
    return own === 0 && copies ? (before.dims[axis] ?? Number.NaN) : own
  })
  const count = countOf(before.dims)
  const known = countOf(wanted.filter((extent) => extent !== -1))
  const dims = wanted.map((extent) => (extent === -1 ? count / known : extent))
  const fits = dims.length <= MOST_AXES && dims.every((extent) => Number.isInteger(extent) && extent > 0)
  if (!fits || countOf(dims) !== count) refuseBatch(node)
  if (!fits || countOf(dims) !== count)
    node.refuse(`${count} numbers per image`, `shape ${shapeText(wanted.slice(0, 16))}`)
  return moved(node, { ...before, dims })
}

/** Refuses a file in which shapes have a fixed number of images as a factor. */
export const refuseBatch = (node: NodeReader): void => {
  if (node.batch !== undefined && node.batch > 1)
    node.refuse('a transformer exported with one image, or for any number of them', `one for ${node.batch} images`)
}

const ofOneImage = (extent: Extent): number => (extent === 'batch' ? 1 : extent)

/** `Transpose`. */
export const transposeMoved = (node: NodeReader, before: Arrangement): Value => {
  const { dims, positions } = before
  const order = node.integers('perm') ?? dims.map((_, axis) => dims.length - 1 - axis)
  const sorted = order.toSorted((a, b) => a - b)
  if (order.length !== dims.length || sorted.some((axis, i) => axis !== i))
    node.refuse(`an order of ${dims.length} axes as attribute "perm"`, shapeText(order.slice(0, 16)))
  spend(node, positions.length)
  const result = permuted(tensorOf('', 'F64', dims, positions), order)
  return moved(node, { ...before, dims: result.dims, positions: doublesOf(result) })
}

/** `Squeeze`. */
export const squeezeMoved = (node: NodeReader, before: Arrangement): Value => {
  const axes = attributeOrInput(node, 'axes', 1)
  const dropped = (axes ?? []).map((axis) => fromFront(node, axis, before.dims.length))
  if (dropped.some((axis) => before.dims[axis] !== 1)) node.refuse('axes of one entry', shapeText(before.dims))
  return moved(node, {
    ...before,
    dims: before.dims.filter((extent, axis) => (axes ? !dropped.includes(axis) : extent !== 1)),
  })
}

/** `Unsqueeze`. */
export const unsqueezeMoved = (node: NodeReader, before: Arrangement): Value => {
  const axes = attributeOrInput(node, 'axes', 1) ?? node.refuse('axes', 'none')
  const rank = before.dims.length + axes.length
  if (rank > MOST_AXES) node.refuse(`at most ${MOST_AXES} axes`, `${rank}`)
  const added = new Set(axes.map((axis) => fromFront(node, axis, rank)))
  const rest = before.dims.values()
  const dims = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)))
  return moved(node, { ...before, dims })
}

/** `Gather` by indices that the file fixes; one index drops the axis. */
export const gatherMoved = (node: NodeReader, before: Arrangement): Value => {
  const axis = fromFront(node, node.integer('axis'), before.dims.length)
  const extent = before.dims[axis] ?? 0
  const { dims } = numbersIn(node, 1)
  const indices = knownIn(node, 1).map((index) =>
    Number.isInteger(index) && index >= -extent && index < extent
      ? (index + extent) % extent
      : node.refuse(`indices within ${extent}`, `${index}`),
  )
  return taken(node, before, axis, indices, dims)
}

/** `Slice`. */
export const sliceMoved = (node: NodeReader, before: Arrangement): Value => {
  const list = (name: string, input: number): readonly number[] | undefined => attributeOrInput(node, name, input)
  const [starts, ends] = [list('starts', 1) ?? [], list('ends', 2) ?? []]
  const axes = list('axes', 3) ?? starts.map((_, i) => i)
  const steps = list('steps', 4) ?? starts.map(() => 1)
  const [axis = 0, ...others] = axes.map((each) => fromFront(node, each, before.dims.length))
  const [start = 0, end = 0, step = 1] = [starts[0], ends[0], steps[0]]
  if (others.length > 0 || starts.length !== 1 || ends.length !== 1 || !(step >= 1))
    node.refuse('a slice along one axis, forwards', `axes ${axes.slice(0, 16).join(', ')}`)
  const extent = before.dims[axis] ?? 0
  const within = (at: number): number => Math.min(Math.max(at < 0 ? at + extent : at, 0), extent)
  const count = Math.max(0, Math.ceil((within(end) - within(start)) / step))
  if (count === 0) node.refuse('at least one entry', 'none')
  node.budget.allocate(8 * count, 'the order of its activations')
  const indices = Array.from({ length: count }, (_, i) => within(start) + i * step)
  return taken(node, before, axis, indices)
}

/** `Split`: a value for each part. */
export const splitMoved = (node: NodeReader, before: Arrangement): readonly Value[] => {
  const axis = fromFront(node, node.integer('axis'), before.dims.length)
  const extent = before.dims[axis] ?? 0
  const each = Math.ceil(extent / node.outputs)
  const sizes =
    attributeOrInput(node, 'split', 1) ??
    Array.from({ length: node.outputs }, (_, i) => Math.min(each, extent - i * each))
  if (sizes.length !== node.outputs || sizes.some((size) => !(size >= 1)) || countSum(sizes) !== extent)
    node.refuse(`sizes of ${node.outputs} parts of ${extent}`, shapeText(sizes.slice(0, 16)))
  let begin = 0
  return sizes.map((size) => {
    const from = begin
    begin += size
    return taken(
      node,
      before,
      axis,
      Array.from({ length: size }, (_, i) => from + i),
    )
  })
}

const countSum = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0)

/** Chosen entries of an axis. @param extents of them. @default a list */
const taken = (
  node: NodeReader,
  before: Arrangement,
  axis: number,
  indices: readonly number[],
  extents: readonly number[] = [indices.length],
): Value => {
  const { dims, positions } = before
  const inner = countOf(dims.slice(axis + 1))
  const outer = countOf(dims.slice(0, axis))
  const extent = dims[axis] ?? 1
  spend(node, outer * inner * indices.length)
  const chosen = new Float64Array(outer * inner * indices.length)
  let i = 0
  for (let o = 0; o < outer; o++)
    for (const index of indices)
      for (let e = 0; e < inner; e++) chosen[i++] = positions[(o * extent + index) * inner + e] ?? Number.NaN
  return moved(node, {
    ...before,
    dims: [...dims.slice(0, axis), ...extents, ...dims.slice(axis + 1)],
    positions: chosen,
  })
}

/** `Shape`: with one image. */
export const shapeMoved = (node: NodeReader, { dims }: Arrangement): Value => {
  const end = node.has('end') ? node.integer('end') : dims.length
  const values = dims.slice(node.integer('start'), end)
  return { kind: 'constant', tensor: tensorOf('', 'I64', [values.length], values) }
}
