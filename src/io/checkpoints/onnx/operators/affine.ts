import type { Normalisation } from '../../../../models/architecture/layer.js'
import { batchNormDefaults } from '../../../../models/parameters/statistics.js'
import type { OnnxTensor } from '../graph/messages.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { countOf, floatsOf } from '../graph/numbers.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import { activations, draftOf, once } from './drafts.js'
import { areNumbers, combined } from './integers.js'

/** `Add` of activations, of a bias after a matrix product, or of a number per channel. */
export const add = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a + b)
  const constant = constantOf(node)
  if (constant === undefined) return sum(node)
  const { other, tensor } = constant
  const product = draftOf(node.value(other), 'linear')
  if (product && tensor.dims.at(-1) === product.out && countOf(tensor.dims) === product.out)
    return activations(product.addBias(tensor, node))
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
  const constant = constantOf(node) ?? node.refuse('a constant to subtract', 'a difference of activations')
  return affine(node, constant, (value) => (constant.other === 0 ? [1, -value] : [-1, value]))
}

/** `Mul` by a number per channel. */
export const mul = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a * b)
  const constant = constantOf(node) ?? node.refuse('a constant factor', 'a product of activations')
  return affine(node, constant, (value) => [value, 0])
}

/** `Div` by a number per channel. */
export const div = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => Math.trunc(a / b))
  const constant = constantOf(node) ?? node.refuse('a constant divisor', 'a quotient of activations')
  if (constant.other !== 0) node.refuse('a constant divisor', 'activations as divisor')
  return affine(node, constant, (value) => [1 / value, 0])
}

/**
 * `BatchNormalization` in use. Layers here have PyTorch's ε. Another ε′ is compensated in γ, so the network in use is the
 * same: γ ← γ·√(σ² + ε)/√(σ² + ε′).
 */
export const batchNormalization = (node: NodeReader): Value => {
  const input = node.activations(0)
  if (node.integer('training_mode', 0) !== 0) node.refuse('a network in use', 'one exported in training mode')
  if (node.integer('spatial', 1) === 0) node.refuse('statistics of channels', 'statistics of pixels')
  const [weight, bias, mean, variance] = [1, 2, 3, 4].map((i) => node.constant(i))
  if (!weight || !bias || !mean || !variance) return node.refuse('5 inputs', `${node.count}`)
  const [own, given] = [Math.fround(batchNormDefaults.epsilon), node.float('epsilon', 1e-5)]
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
  readonly tensor: OnnxTensor
  readonly other: 0 | 1
}

const constantOf = (node: NodeReader): Constant | undefined => {
  const [left, right] = [node.value(0), node.value(1)]
  if (right.kind === 'constant') return { tensor: right.tensor, other: 0 }
  return left.kind === 'constant' ? { tensor: left.tensor, other: 1 } : undefined
}

/** Extends scale·x + shift by one operator. @param step the operator's [scale, shift] for one of its constants */
const affine = (
  node: NodeReader,
  { tensor, other }: Constant,
  step: (value: number) => readonly [scale: number, shift: number],
): Value => {
  const before = draftOf(node.value(other), 'affine')
  const source = before?.source ?? node.activations(other)
  const numbers = perChannel(node, tensor, source)
  const scale = numbers.map((value, i) => step(value)[0] * (before?.scale[i] ?? 1))
  const shift = numbers.map((value, i) => step(value)[0] * (before?.shift[i] ?? 0) + step(value)[1])
  const name = before?.name ?? tensor.name
  const settle = once(() => {
    const normalisation = source === node.builder.input ? normalisationOf(scale, shift) : undefined
    if (normalisation)
      return node.builder.add({ type: 'normalize', ...normalisation }, [source], node.origin('normalize'))
    const free = node.layerName(name)
    return node.builder.add({ type: 'affine2d', name: free }, [source], node.origin(free), {
      weight: lazyTensor([scale.length], () => Float32Array.from(scale)),
      bias: lazyTensor([shift.length], () => Float32Array.from(shift)),
    })
  })
  return { kind: 'draft', draft: 'affine', source, scale, shift, name, settle }
}

/** scale·x + shift of a network's images as (x − mean) / std, constants that training does not change. */
const normalisationOf = (scale: Float64Array, shift: Float64Array): Normalisation | undefined => {
  if (!scale.every((value) => value > 0)) return undefined
  return {
    mean: Array.from(scale, (value, i) => shortest(-(shift[i] ?? 0) / value)),
    std: Array.from(scale, (value) => shortest(1 / value)),
  }
}

/** The number with the fewest digits that is the same in float32: 0.4914, not 0.49140000343. */
const shortest = (value: number): number => {
  const single = Math.fround(value)
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(single.toPrecision(digits))
    if (Math.fround(rounded) === single) return rounded
  }
  return single
}

/** A constant that is broadcast over an image, as one number for each channel. */
const perChannel = (node: NodeReader, tensor: OnnxTensor, { shape }: Activations): Float64Array => {
  const { dims } = tensor
  if (shape.kind !== 'image') return node.refuse('arithmetic with constants on an image', 'a vector')
  const numbers = Float64Array.from(floatsOf(tensor))
  const [first = Number.NaN] = numbers
  if (numbers.length === 1) return new Float64Array(shape.channels).fill(first)
  const [width, height, channels, n = 1] = dims.toReversed()
  if (width !== 1 || height !== 1 || channels !== shape.channels || n !== 1 || dims.length > 4)
    node.refuse(`a number for each of ${shape.channels} channels`, `a tensor of shape [${dims.join(', ')}]`)
  return numbers
}
