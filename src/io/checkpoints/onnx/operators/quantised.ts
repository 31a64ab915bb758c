import { integerBounds, integerTypes, nearestEven } from '../../../../models/layers/fakeQuantize.js'
import type { EightBits } from '../../../../models/layers/layer.js'
import type { Dtype } from '../../tensors/dtype.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, shapeText, type Tensor, tensorOf } from '../graph/tensor.js'
import { typeText } from '../graph/tensorReader.js'
import type { Grid, Value } from '../graph/value.js'
import { anyOrder, channelsAlong } from '../values/anyOrder.js'
import { activations, draftOf } from '../values/drafts.js'
import { isNumbers } from '../values/numbers.js'
import { shortest } from '../values/shortest.js'
import { fromFront } from '../values/views.js'

// Networks in 8-bit integers, in QDQ form: a `QuantizeLinear` and a `DequantizeLinear` together round activations to a grid.
// Of weights in integers, the numbers that they stand for are read.

/** What a user of a file should know whose activations are rounded. */
export const ROUNDED =
  'It rounds activations to 8-bit integers, and so does the network here. Gradients pass the rounding unchanged where it ' +
  'does not clip (straight-through): compare attacks that use them with one that does not, such as square.'

/** `QuantizeLinear`: clip(round(x / scale) + zero point), with one of each or one for each entry of an axis. */
export const quantizeLinear = (node: NodeReader): Value => {
  const of = node.value(0)
  const grid = gridIn(node)
  if (isNumbers(of)) return { kind: 'constant', tensor: quantisedTensor(node, node.constant(0), grid) }
  return integers(node, of, grid)
}

/** `DequantizeLinear`: (x − zero point)·scale, with one of each or one for each entry of an axis. */
export const dequantizeLinear = (node: NodeReader): Value => {
  const before = draftOf(node.value(0), 'integers')
  if (!before) return { kind: 'constant', tensor: dequantisedTensor(node, node.constant(0)) }
  const own = gridIn(node)
  const { grid } = before
  if (own.scale.join() !== grid.scale.join() || own.zeroPoint.join() !== grid.zeroPoint.join())
    node.refuse('the scale and the zero point of the QuantizeLinear before it', 'others')
  return before.rounded(() => roundedLayer(node.withInputs([before.of]), grid))
}

/** `Clip` of integers to 0 to 127, as PyTorch writes it; undefined for other values. */
export const clippedIntegers = (node: NodeReader): Value | undefined => {
  const before = draftOf(node.value(0), 'integers')
  if (!before) return undefined
  const [least, most] = [1, 2].map((i) => (node.optional(i) ? floatsOf(node.constant(i))[0] : undefined))
  const bounds = integerBounds[before.grid.integers]
  const [low, high] = [Math.max(least ?? bounds.least, bounds.least), Math.min(most ?? bounds.most, bounds.most)]
  const known = integerTypes.find((type) => low === integerBounds[type].least && high === integerBounds[type].most)
  const integersOf = known ?? node.refuse('integers from 0 to 255, -128 to 127 or 0 to 127', `${low} to ${high}`)
  return integers(node, before.of, { ...before.grid, integers: integersOf })
}

const integers = (node: NodeReader, of: Value, grid: Grid): Value => {
  let made: Value | undefined
  return {
    kind: 'draft',
    draft: 'integers',
    of,
    grid,
    // Several nodes may convert the same integers.
    rounded: (make) => {
      made ??= make()
      return made
    },
    settle: () => node.refuse('DequantizeLinear as the only operator after it', 'another one, on integers'),
  }
}

/** The layer that rounds the activations of its first input. */
const roundedLayer = (node: NodeReader, grid: Grid): Value => {
  const { integers: type, axis } = grid
  // A softmax at the end is left out, and so is its rounding.
  if (draftOf(node.value(0), 'probabilities')) return node.value(0)
  const add = (by: NodeReader, scale: readonly number[], zeroPoint: readonly number[]): Value => {
    const layer = { type: 'fakeQuantize', scale: scale.map(shortest), zeroPoint, integers: type } as const
    return activations(by.builder.add(layer, [by.activations(0)], by.originOf('fakeQuantize')))
  }
  if (axis === undefined) return anyOrder((by) => add(by, grid.scale, grid.zeroPoint))(node)
  const before = draftOf(node.value(0), 'arranged')
  if (!before) {
    const { shape } = node.activations(0)
    if (fromFront(node, axis, shape.kind === 'image' ? 4 : 2) !== 1)
      node.refuse('scales along the axis of the channels', `axis ${axis}`)
    return add(node, grid.scale, grid.zeroPoint)
  }
  const along = fromFront(node, axis, before.dims.length + 1) - 1
  const channels =
    channelsAlong(node, before, [along]) ?? node.refuse('scales along the axis of the channels', `axis ${axis}`)
  const placed = (numbers: readonly number[]): readonly number[] => {
    const own = new Array<number>(numbers.length).fill(Number.NaN)
    for (const [i, channel] of channels.entries()) own[channel] = numbers[i] ?? Number.NaN
    return own
  }
  return anyOrder((by) => add(by, placed(grid.scale), placed(grid.zeroPoint)))(node)
}

const typesOf: Readonly<Partial<Record<Dtype, EightBits>>> = { U8: 'uint8', I8: 'int8' }

/** The numbers of `output_dtype`, of opset 21. */
const typesOfNumbers: ReadonlyMap<number, EightBits> = new Map([
  [2, 'uint8'],
  [3, 'int8'],
])

const zeroPointsIn = (node: NodeReader): Tensor | undefined => (node.optional(2) ? node.constant(2) : undefined)

/** The scales of a node, and their zero points: 0 if it has none of its own. */
const scalesIn = (node: NodeReader): Pick<Grid, 'scale' | 'zeroPoint' | 'axis'> => {
  const [scale, zero] = [node.constant(1), zeroPointsIn(node)]
  const count = countOf(scale.dims)
  if (scale.dims.length > 1) node.refuse('one scale, or a list of them', `scales of shape ${shapeText(scale.dims)}`)
  if (zero && countOf(zero.dims) !== count) node.refuse(`${count} zero points`, `${countOf(zero.dims)}`)
  return {
    scale: Array.from(floatsOf(scale)),
    zeroPoint: zero ? Array.from(floatsOf(zero)) : new Array<number>(count).fill(0),
    axis: count === 1 ? undefined : node.integer('axis'),
  }
}

/** The same with the type of the integers. */
const gridIn = (node: NodeReader): Grid => {
  const zero = zeroPointsIn(node)
  const wanted = node.has('output_dtype') ? node.integer('output_dtype') : 0
  const type = zero ? typesOf[zero.dtype] : (typesOfNumbers.get(wanted) ?? (wanted === 0 ? 'uint8' : undefined))
  if (!type) return node.refuse('integers of 8 bits (uint8, int8)', zero ? zero.dtype : typeText(wanted))
  return { ...scalesIn(node), integers: type }
}

/** The position among scales of each number of a tensor. */
const scaleAt = (node: NodeReader, { dims }: Tensor, grid: Pick<Grid, 'scale' | 'axis'>): ((i: number) => number) => {
  if (grid.axis === undefined) return () => 0
  const axis = fromFront(node, grid.axis, dims.length)
  const each = dims[axis] ?? 0
  if (grid.scale.length !== each)
    node.refuse(`one scale, or one for each entry of axis ${axis} of shape ${shapeText(dims)}`, `${grid.scale.length}`)
  const inner = countOf(dims.slice(axis + 1))
  return (i) => Math.floor(i / inner) % each
}

const spend = (node: NodeReader, count: number): void => {
  node.budget.allocate(4 * count, 'numbers of integers')
  node.budget.work(count, 'numbers of integers')
}

const quantisedTensor = (node: NodeReader, tensor: Tensor, grid: Grid): Tensor => {
  const { least, most } = integerBounds[grid.integers]
  const place = scaleAt(node, tensor, grid)
  spend(node, countOf(tensor.dims))
  const numbers = floatsOf(tensor).map((x, i) => {
    const at = place(i)
    const multiple = nearestEven(Math.fround(x / (grid.scale[at] ?? Number.NaN)))
    return Math.min(Math.max(multiple + (grid.zeroPoint[at] ?? 0), least), most)
  })
  return tensorOf(tensor.name, grid.integers === 'int8' ? 'I8' : 'U8', tensor.dims, numbers)
}

const dequantisedTensor = (node: NodeReader, tensor: Tensor): Tensor => {
  const scales = scalesIn(node)
  const place = scaleAt(node, tensor, scales)
  spend(node, countOf(tensor.dims))
  const floats = floatsOf(tensor).map((integer, i) => {
    const at = place(i)
    return Math.fround((integer - (scales.zeroPoint[at] ?? 0)) * (scales.scale[at] ?? Number.NaN))
  })
  // In our own files the node has the name of the weights.
  const name = node.isOurs ? node.name : tensor.name.replace(/_(quantized|q)$/, '')
  return tensorOf(name, 'F32', tensor.dims, floats)
}
