import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, doublesOf, rowMajor } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { arranged } from '../values/arranged.js'
import { activations, draftOf } from '../values/drafts.js'
import { type Movement, moved, movedIn } from '../values/moved.js'
import { attributeOrInput, isNumbers, numbersIn } from '../values/numbers.js'
import { fromFront } from '../values/views.js'

// Numbers divided by their length, as exporters write `torch.nn.functional.normalize`: an operator for the length, one for its
// least value, and a division.

type Length = Extract<Value, { readonly draft: 'length' }>

const length = (node: NodeReader, { of, over, least }: Pick<Length, 'of' | 'over' | 'least'>): Value => ({
  kind: 'draft',
  draft: 'length',
  of,
  over,
  least,
  settle: () => node.refuse('a division of numbers by their length', 'another use of their length'),
})

/** `ReduceL2` of the channels of each pixel, or of the pixels of each channel. */
export const reduceL2 = (node: NodeReader): Value => {
  const of = node.value(0)
  const given = isNumbers(of) ? undefined : movedIn(node)
  const axes = (attributeOrInput(node, 'axes', 1) ?? []).map((axis) => fromFront(node, axis, rankOf(of, given)))
  const over = given && overIn(node, given, axes)
  if (over === undefined || node.integer('keepdims') === 0)
    return node.refuse('the length of the channels of each pixel, or of the pixels of each channel', node.described(0))
  return length(node, { of, over, least: 0 })
}

const rankOf = (of: Value, given: Movement | undefined): number => {
  const dims = draftOf(of, 'arranged')?.dims
  return dims ? dims.length + 1 : (given?.dims.length ?? 1)
}

/** Of what the numbers along some axes are. */
const overIn = (
  node: NodeReader,
  { shape, dims, positions, images }: Movement,
  axes: readonly number[],
): Length['over'] | undefined => {
  if (images && axes.includes(images.axis)) return undefined
  const [pixels, channels] = shape.kind === 'image' ? [shape.height * shape.width, shape.channels] : [1, shape.features]
  const size = countOf(axes.map((axis) => dims[axis] ?? 0))
  node.budget.work(4 * positions.length, 'the order of its activations')
  const steps = rowMajor(dims)
  const groups = new Map<number, number>()
  const isSame = (kind: (position: number) => number): boolean => {
    groups.clear()
    return positions.every((position, i) => {
      const group = axes.reduce((rest, axis) => rest - placeOf(i, axis) * (steps[axis] ?? 1), i)
      const known = groups.get(group) ?? kind(position)
      groups.set(group, known)
      return known === kind(position)
    })
  }
  const placeOf = (i: number, axis: number): number => Math.floor(i / (steps[axis] ?? 1)) % (dims[axis] ?? 1)
  if (size === channels && isSame((position) => position % pixels)) return 'channels'
  return size === pixels && isSame((position) => Math.floor(position / pixels)) ? 'pixels' : undefined
}

/** `Max` or `Clip` of a length by one number. */
export const leastLengthStep = (node: NodeReader): Value | undefined => {
  const [at, other] = lengthIn(node, 0) ? [0, 1] : [1, 0]
  const found = lengthIn(node, at)
  if (!found) return undefined
  const least = node.operator === 'Clip' && node.opset < 11 ? node.float('min') : numberIn(node, other)
  const isBounded = node.operator === 'Clip' && (node.opset < 11 ? node.has('max') : node.optional(2) !== undefined)
  if (isBounded) node.refuse('a length without a largest one', node.described(0))
  return length(node, { ...found, least })
}

const lengthIn = (node: NodeReader, index: number): Length | undefined => {
  const value = node.optional(index)
  return value && draftOf(value, 'length')
}

const numberIn = (node: NodeReader, index: number): number => {
  const tensor = node.constant(index)
  return countOf(tensor.dims) === 1
    ? (doublesOf(tensor)[0] ?? Number.NaN)
    : node.refuse('one number as the least length', node.described(index))
}

/** `Expand` of a length to what has it. */
export const expandedLengthStep = (node: NodeReader): Value | undefined => {
  const found = lengthIn(node, 0)
  if (!found) return undefined
  const dims = movedIn(node.withInputs([found.of]))?.dims ?? []
  const wanted = numbersIn(node, 1).values
  const own = draftOf(found.of, 'moved') ? dims : dims.slice(1)
  const isSame = own.every((extent, axis) => extent === wanted[wanted.length - own.length + axis])
  return isSame ? found : node.refuse('the shape of what has the length', wanted.slice(0, 16).join(' x '))
}

/** PyTorch's least length. Others differ only for numbers that are almost 0. */
const LARGEST_LEAST = 1e-6

/** `Div` by the length of the same. */
export const unitStep = (node: NodeReader): Value | undefined => {
  const found = lengthIn(node, 1)
  if (!found || found.of !== node.value(0)) return undefined
  if (!(found.least > 0 && found.least <= LARGEST_LEAST))
    node.refuse(`a least length of at most ${LARGEST_LEAST}`, String(found.least))
  const before = draftOf(found.of, 'moved') ?? draftOf(found.of, 'arranged')
  const source = node.withInputs([before?.source ?? found.of]).activations(0)
  const output = activations(
    node.builder.add({ type: 'unitNorm', over: found.over }, [source], node.originOf('unitNorm')),
  )
  if (!before) return output
  return before.draft === 'moved'
    ? moved(node, { ...before, source: output })
    : arranged(node, { ...before, source: output })
}
