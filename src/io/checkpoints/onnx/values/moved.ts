import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, doublesOf, permuted, shapeText, tensorOf } from '../graph/tensor.js'
import type { Draft, ImagesAxis, Value } from '../graph/value.js'
import { type Arrangement, arranged, dimsOf, inOrder } from './arranged.js'
import { croppedIn } from './crops.js'
import { activations, draftOf, once } from './drafts.js'
import { reshapedImages, withImages } from './imagesAxis.js'
import { attributeOrInput, isNumbers, knownIn, numbersIn } from './numbers.js'
import { partSizes } from './partSizes.js'
import { fromFront, MOST_AXES } from './views.js'

// Transformers move the numbers of activations further than `arranged` goes: they take parts of them, and put the axis of
// images between others. A layer here computes each image by itself, so what a file does with one image is all that it can
// mean: here the axis of images is one of one entry.

/** Numbers of activations in any shape. */
export type Moved = Extract<Draft, { readonly draft: 'moved' }>

/** The same before it is a value. */
export type Movement = Arrangement & Pick<Moved, 'images'>

/** The images as the first axis, if the file fixes their number. */
const imagesFirst = ({ batch = 1 }: NodeReader): ImagesAxis | undefined =>
  batch > 1 ? { axis: 0, inner: 1 } : undefined

/** An input as numbers of the activations of one image; undefined for numbers that the file fixes, and other drafts. */
export const movedIn = (node: NodeReader, index = 0): Movement | undefined => {
  const value = node.value(index)
  if (isNumbers(value)) return undefined
  const moved = draftOf(value, 'moved')
  if (moved) return moved
  const before = draftOf(value, 'arranged')
  if (before) return { ...before, dims: [1, ...before.dims], images: imagesFirst(node) }
  if (draftOf(value, 'scores') || draftOf(value, 'moment')) return undefined
  const output = node.activations(index)
  const own = inOrder(node, output.shape)
  return { source: activations(output), ...own, dims: [1, ...own.dims], images: imagesFirst(node) }
}

/** The value for moved numbers: if they are all of one image's, with the images first, an order that layers may read. */
export const moved = (node: NodeReader, { source, shape, dims, positions, images }: Movement): Value => {
  const [extent, ...others] = dims
  const first = (images?.axis ?? 0) === 0 ? extent : undefined
  const isWhole = positions.length === countOf(dimsOf(shape))
  if (first === 1 && others.length > 0 && isWhole) return arranged(node, { source, shape, dims: others, positions })
  const token = first === 1 ? tokenIn({ source, shape, dims, positions }) : undefined
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
  return { kind: 'draft', draft: 'moved', source, shape, dims, positions, images, settle }
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
  (move: (node: NodeReader, before: Movement) => Value, read: (node: NodeReader) => Value) =>
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
export const reshapeMoved = (node: NodeReader, before: Movement): Value => {
  const { batch = 1 } = node
  const copies = node.integer('allowzero') === 0
  const all = withImages(before.dims, before.images, batch)
  const wanted = numbersIn(node, 1).values.map((extent, axis): number => {
    const own = extent === 'batch' ? (before.images ? batch : 1) : extent
    return own === 0 && copies ? (all[axis] ?? Number.NaN) : own
  })
  const count = countOf(all)
  const known = countOf(wanted.filter((extent) => extent !== -1))
  const dims = wanted.map((extent) => (extent === -1 ? count / known : extent))
  const fits = dims.length <= MOST_AXES && dims.every((extent) => Number.isInteger(extent) && extent > 0)
  if (!fits || countOf(dims) !== count)
    node.refuse(
      `${count} numbers ${before.images ? `of ${batch} images` : 'per image'}`,
      `shape ${shapeText(wanted.slice(0, 16))}`,
    )
  if (!before.images) return moved(node, { ...before, dims })
  const one =
    reshapedImages(before.dims, before.images, batch, dims) ??
    node.refuse('images that are a part of one axis', `${batch} of them in shape ${shapeText(dims)}`)
  return moved(node, { ...before, ...one })
}

/** `Transpose`. */
export const transposeMoved = (node: NodeReader, before: Movement): Value => {
  const { dims, positions } = before
  const order = node.integers('perm') ?? dims.map((_, axis) => dims.length - 1 - axis)
  const sorted = order.toSorted((a, b) => a - b)
  if (order.length !== dims.length || sorted.some((axis, i) => axis !== i))
    node.refuse(`an order of ${dims.length} axes as attribute "perm"`, shapeText(order.slice(0, 16)))
  spend(node, positions.length)
  const result = permuted(tensorOf('', 'F64', dims, positions), order)
  const images = shifted(before.images, (axis) => order.indexOf(axis))
  return moved(node, { ...before, dims: result.dims, positions: doublesOf(result), images })
}

/** `Squeeze`. */
export const squeezeMoved = (node: NodeReader, before: Movement): Value => {
  const axes = attributeOrInput(node, 'axes', 1)
  const all = withImages(before.dims, before.images, node.batch)
  const dropped = axes
    ? axes.map((axis) => fromFront(node, axis, all.length))
    : all.flatMap((extent, axis) => (extent === 1 ? [axis] : []))
  if (dropped.some((axis) => all[axis] !== 1)) node.refuse('axes of one entry', shapeText(all))
  const images = shifted(before.images, (axis) => axis - dropped.filter((each) => each < axis).length)
  return moved(node, { ...before, dims: before.dims.filter((_, axis) => !dropped.includes(axis)), images })
}

/** The images at another axis. */
const shifted = (images: ImagesAxis | undefined, to: (axis: number) => number): ImagesAxis | undefined =>
  images && { ...images, axis: to(images.axis) }

/** `Unsqueeze`. */
export const unsqueezeMoved = (node: NodeReader, before: Movement): Value => {
  const axes = attributeOrInput(node, 'axes', 1) ?? node.refuse('axes', 'none')
  const rank = before.dims.length + axes.length
  if (rank > MOST_AXES) node.refuse(`at most ${MOST_AXES} axes`, `${rank}`)
  const added = new Set(axes.map((axis) => fromFront(node, axis, rank)))
  const rest = before.dims.values()
  const dims = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)))
  const kept = dims.flatMap((_, axis) => (added.has(axis) ? [] : [axis]))
  return moved(node, { ...before, dims, images: shifted(before.images, (axis) => kept[axis] ?? axis) })
}

/** `Gather` by indices that the file fixes; one index drops the axis. */
export const gatherMoved = (node: NodeReader, before: Movement): Value => {
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
export const sliceMoved = (node: NodeReader, before: Movement): Value => {
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
export const splitMoved = (node: NodeReader, before: Movement): readonly Value[] => {
  const axis = fromFront(node, node.integer('axis'), before.dims.length)
  const extent = before.dims[axis] ?? 0
  const sizes = partSizes(node, extent)
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

/** Chosen entries of an axis. @param extents of them. @default a list */
const taken = (
  node: NodeReader,
  before: Movement,
  axis: number,
  indices: readonly number[],
  extents: readonly number[] = [indices.length],
): Value => {
  const { dims, positions, images } = before
  if (axis === images?.axis) node.refuse('the same of every image', 'some of the images')
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
    images: shifted(images, (own) => (own > axis ? own + extents.length - 1 : own)),
  })
}

/** `Shape`: with one image, or with as many as the file fixes. */
export const shapeMoved = (node: NodeReader, before: Movement): Value => {
  const dims = withImages(before.dims, before.images, node.batch)
  const end = node.has('end') ? node.integer('end') : dims.length
  const values = dims.slice(node.integer('start'), end)
  return { kind: 'constant', tensor: tensorOf('', 'I64', [values.length], values) }
}
