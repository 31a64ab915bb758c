import type { Normalisation } from '../../../../models/architecture/layer.js'
import { isOfPixels, wrongUnits } from '../../../../models/architecture/normalisationUnits.js'
import { batchNormDefaults } from '../../../../models/parameters/statistics.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { countOf, floatsOf, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import { activations, draftOf, once } from './drafts.js'
import { areNumbers, combined, isNumbers } from './numbers.js'

/** `Add` of activations, of a bias after a matrix product, or of a number per channel. */
export const add = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a + b)
  const constant = constantOf(node)
  if (constant === undefined) return sum(node)
  const { other, tensor } = constant
  const product = draftOf(node.value(other), 'linear')
  if (product) return activations(product.addBias(tensor, node))
  return affine(node, constant, (shift) => [1, shift])
}

/** `Sum`. */
export const sum = (node: NodeReader): Value => {
  const inputs = Array.from({ length: node.count }, (_, i) => node.activations(i))
  const [first] = inputs
  if (first && inputs.length === 1) return activations(first)
  return activations(node.builder.add({ type: 'add' }, inputs, node.originOf('add')))
}

/** `Sub` of a number per channel, or from it. */
export const sub = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a - b)
  const constant = constantOf(node) ?? byActivations(node, 'difference')
  return affine(node, constant, (value) => (constant.other === 0 ? [1, -value] : [-1, value]))
}

/** `Mul` by a number per channel. */
export const mul = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a * b)
  const constant = constantOf(node) ?? byActivations(node, 'product')
  return affine(node, constant, (value) => [value, 0])
}

/** `Div` by a number per channel. */
export const div = (node: NodeReader): Value => {
  if (areNumbers(node))
    return combined(
      node,
      (a, b) => a / b,
      (a, b) => Math.trunc(a / b),
    )
  const constant = constantOf(node) ?? byActivations(node, 'quotient')
  if (constant.other !== 0) node.refuse('a constant divisor', node.described(1))
  return affine(node, constant, (value) => [1 / value, 0])
}

/**
 * `BatchNormalization` in use. Layers here have PyTorch's ε. Another ε′ is compensated in γ, so the network in use is the
 * same: γ ← γ·√(σ² + ε)/√(σ² + ε′).
 */
export const batchNormalization = (node: NodeReader): Value => {
  const input = node.activations(0)
  const [weight, bias, mean, variance] = [1, 2, 3, 4].map((i) => node.constant(i))
  if (!weight || !bias || !mean || !variance) return node.refuse('5 inputs', `${node.count}`)
  const [own, given] = [Math.fround(batchNormDefaults.epsilon), node.float('epsilon')]
  const scale = (): Float32Array => {
    const numbers = floatsOf(weight)
    const variances = floatsOf(variance)
    return numbers.map((value, i) => value * Math.sqrt(((variances[i] ?? 0) + own) / ((variances[i] ?? 0) + given)))
  }
  const name = node.layerName(weight.name)
  return activations(
    node.builder.add({ type: 'batchNorm2d', name }, [input], node.origin(name), {
      weight: given === own ? stateTensor(weight) : lazyTensor(weight.dims, scale),
      bias: stateTensor(bias),
      running_mean: stateTensor(mean),
      running_var: stateTensor(variance),
    }),
  )
}

/** The constant one of two operands, and the position of the other. */
interface Constant {
  readonly tensor: Tensor
  readonly other: 0 | 1
}

const constantOf = (node: NodeReader): Constant | undefined => {
  const [left, right] = [node.value(0), node.value(1)]
  if (isNumbers(right)) return { tensor: node.constant(1), other: 0 }
  return isNumbers(left) ? { tensor: node.constant(0), other: 1 } : undefined
}

/** Arithmetic of activations that no layer here does. */
const byActivations = (node: NodeReader, result: string): never =>
  node.refuse(
    'one of both inputs to be fixed by the file',
    `a ${result} of ${node.described(0)}, and ${node.described(1)}`,
  )

/** Extends scale·x + shift by one operator. @param step the operator's [scale, shift] for one of its constants */
const affine = (
  node: NodeReader,
  { tensor, other }: Constant,
  step: (value: number) => readonly [scale: number, shift: number],
): Value => {
  const before = draftOf(node.value(other), 'affine')
  const source = before?.source ?? node.activations(other)
  const numbers = perChannel(node, tensor, source)
  node.budget.allocate(2 * numbers.byteLength, 'the scales of its channels')
  const scale = numbers.map((value, i) => step(value)[0] * (before?.scale[i] ?? 1))
  const shift = numbers.map((value, i) => step(value)[0] * (before?.shift[i] ?? 0) + step(value)[1])
  const name = before?.name ?? tensor.name
  const settle = once(() => {
    if (source === node.builder.input) node.budget.allocate(TEXT_BYTES * scale.length, 'the means of its channels')
    const normalisation = source === node.builder.input ? normalisationOf(scale, shift) : undefined
    if (normalisation && isOfPixels(normalisation))
      node.refuse('a network for images in [0, 1]', `one for pixels from 0 to 255 (${numbersOf(normalisation)})`)
    if (normalisation && wrongUnits(normalisation) === undefined)
      return node.builder.add({ type: 'normalize', ...normalisation }, [source], node.origin('normalize'))
    const free = node.layerName(name)
    return node.builder.add({ type: 'affine2d', name: free }, [source], node.origin(free), {
      weight: lazyTensor([scale.length], () => Float32Array.from(scale)),
      bias: lazyTensor([shift.length], () => Float32Array.from(shift)),
    })
  })
  return { kind: 'draft', draft: 'affine', source, scale, shift, name, settle }
}

/** Bytes that the description of a network takes for the mean and the deviation of a channel. */
const TEXT_BYTES = 256

/** scale·x + shift of a network's images as (x − mean) / std, constants that training does not change. */
const normalisationOf = (scale: Float64Array, shift: Float64Array): Normalisation | undefined => {
  if (!scale.every((value) => value > 0)) return undefined
  return {
    mean: Array.from(scale, (value, i) => shortest(-(shift[i] ?? 0) / value)),
    std: Array.from(scale, (value) => shortest(1 / value)),
  }
}

const numbersOf = ({ mean, std }: Normalisation): string => `mean ${mean.join(' ')}, std ${std.join(' ')}`

/** The number with the fewest digits that is the same in float32: 0.4914, not 0.49140000343. */
const shortest = (value: number): number => {
  const single = Math.fround(value)
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(single.toPrecision(digits))
    if (Math.fround(rounded) === single) return rounded
  }
  return single
}

/** What the scale and the shift of a channel cost, in steps of the budget. */
const STEPS = 16

/** A constant that is broadcast over an image, as one number for each channel. */
const perChannel = (node: NodeReader, tensor: Tensor, { shape }: Activations): Float64Array => {
  const { dims } = tensor
  if (shape.kind !== 'image')
    return node.refuse('arithmetic with constants on an image', `a vector of ${shape.features} per image`)
  const { channels } = shape
  const [width = 1, height = 1, own = 1, n = 1] = dims.toReversed()
  const isOne = countOf(dims) === 1
  if (dims.length > 4 || !(isOne || (width === 1 && height === 1 && own === channels && n === 1)))
    node.refuse(
      `one number, or one for each of ${channels} channels (shape [${channels}, 1, 1])`,
      `a constant of shape ${shapeText(dims)}`,
    )
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * channels, 'the scales of its channels')
  node.budget.work(STEPS * channels, 'the scales of its channels')
  const numbers = floatsOf(tensor)
  return isOne ? new Float64Array(channels).fill(numbers[0] ?? Number.NaN) : Float64Array.from(numbers)
}
