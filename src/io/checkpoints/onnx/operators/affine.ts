import { batchNormDefaults } from '../../../../models/parameters/statistics.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { FunctionOf } from '../graph/numbers.js'
import { countOf, floatsOf, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import type { Value } from '../graph/value.js'
import { factorName, layerScaleIn } from '../graph/writtenNames.js'
import { largerOf } from '../transformers/channelPooling.js'
import { dimsOf } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
import { oneOrder } from '../values/listed.js'
import { areNumbers, combined, isNumbers } from '../values/numbers.js'
import { addAffine, addLayerScale, addScale } from './affineLayer.js'
import { functionsIn, isFunction, pairOf, withNumber } from './functions.js'
import { product } from './product.js'

/** `Add` of activations, of a bias after a matrix product, or of a number per channel. */
export const add = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a + b)
  const constant = constantOf(node)
  if (constant === undefined)
    return (
      (isCurved(node)
        ? pairOf(
            node,
            (a, b) => a + b,
            () => summed(node),
          )
        : undefined) ?? sum(node)
    )
  const { other, tensor } = constant
  const product = draftOf(node.value(other), 'linear')
  if (product) return product.addBias(tensor, node)
  return ofOneNumber(node, constant, (a, b) => a + b) ?? affine(node, constant, (shift) => [1, shift])
}

/** `Sum`. */
export const sum = (node: NodeReader): Value => activations(summed(node))

const summed = (node: NodeReader): Activations => {
  const inputs = oneOrder(
    node,
    Array.from({ length: node.count }, (_, i) => node.activations(i)),
  )
  const [first] = inputs
  const other = inputs.find(({ shape }) => first && shapeText(dimsOf(shape)) !== shapeText(dimsOf(first.shape)))
  if (first && other)
    node.refuse(
      'summands of one shape: no sum is broadcast here',
      `${shapeText(dimsOf(first.shape))} and ${shapeText(dimsOf(other.shape))} for each image`,
    )
  return first && inputs.length === 1 ? first : node.builder.add({ type: 'add' }, inputs, node.originOf('add'))
}

/** Activations minus others of the same shape. */
const difference = (node: NodeReader): Activations => {
  const negative = addScale(node, node.activations(1), -1)
  return summed(node.withInputs([node.value(0), activations(negative)]))
}

/** `Max` of activations and one number, or of two activations. */
export const larger = (node: NodeReader): Value => {
  const areBoth = node.count === 2 && !isNumbers(node.value(0)) && !isNumbers(node.value(1))
  if (!areBoth) return withNumber(Math.max)(node)
  const pooled = (): Activations => largerOf(node, [node.activations(0), node.activations(1)])
  return pairOf(node, Math.max, pooled) ?? activations(pooled())
}

/** Whether an input is a function that several operators may be part of. */
const isCurved = (node: NodeReader): boolean => isFunction(node, 0) || isFunction(node, 1)

/** Arithmetic with one number, of a function or of a vector: an image has a layer for it. */
const ofOneNumber = (
  node: NodeReader,
  { tensor, other }: Constant,
  combine: (a: number, b: number) => number,
): Value | undefined => {
  const value = node.value(other)
  const isVector =
    draftOf(value, 'dense') !== undefined || (value.kind === 'activations' && value.activations.shape.kind === 'vector')
  return countOf(tensor.dims) === 1 && (isVector || isFunction(node, other)) ? pairOf(node, combine) : undefined
}

/** `Sub` of a number per channel, or from it. */
export const sub = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a - b)
  const constant = constantOf(node)
  if (!constant)
    return (
      pairOf(
        node,
        (a, b) => a - b,
        () => difference(node),
      ) ?? activations(difference(node))
    )
  const curved = ofOneNumber(node, constant, (a, b) => a - b)
  if (curved) return curved
  return affine(node, constant, (value) => (constant.other === 0 ? [1, -value] : [-1, value]))
}

/** `Mul` by a number per channel. */
export const mul = (node: NodeReader): Value => {
  if (areNumbers(node)) return combined(node, (a, b) => a * b)
  const constant = constantOf(node)
  if (!constant) return multiplied(node)
  if (node.isOurs && constant.tensor.name === factorName(node.name))
    return activations(addScale(node, node.activations(constant.other), floatsOf(constant.tensor)[0] ?? Number.NaN))
  const ours = node.isOurs ? layerScaleIn(constant.tensor.name) : undefined
  if (ours) {
    const source = node.activations(constant.other)
    const name = node.builder.freeName(ours.name)
    return activations(addLayerScale(node, source, { ...ours, name }, perChannel(node, constant.tensor, source)))
  }
  return ofOneNumber(node, constant, (a, b) => a * b) ?? affine(node, constant, (value) => [value, 0])
}

/** A product of activations: an element-wise function of the same, or a layer. */
const multiplied = (node: NodeReader): Value =>
  pairOf(
    node,
    (a, b) => a * b,
    () => node.withInputs([product(node)]).activations(0),
  ) ?? product(node)

/** `Div` by a number per channel. */
export const div = (node: NodeReader): Value => {
  if (areNumbers(node))
    return combined(
      node,
      (a, b) => a / b,
      (a, b) => Math.trunc(a / b),
    )
  const constant = constantOf(node)
  if (!constant) return pairOf(node, (a, b) => a / b) ?? byActivations(node)
  const curved = ofOneNumber(node, constant, (a, b) => a / b)
  if (curved) return curved
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

/** A division by activations, which no layer here does. */
const byActivations = (node: NodeReader): never =>
  node.refuse(
    'one of both inputs to be fixed by the file',
    `a quotient of ${node.described(0)}, and ${node.described(1)}`,
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
  const name = before?.name || tensor.name
  const functions = countOf(tensor.dims) === 1 ? functionsIn(node, other).map(after(step(numbers[0] ?? 1))) : []
  // A factor that is one number in the file is no parameter.
  const isFactor = functions.length > 0 && shift.every((each) => each === 0)
  if (before?.into) {
    const { into } = before
    const settle = once(() => into({ scale, shift, name }, node))
    // In our own files the sum is the end of the layer.
    if (node.isOurs && node.operator === 'Add') return activations(settle())
    return { kind: 'draft', draft: 'affine', source, scale, shift, name, functions: [], into, settle }
  }
  const settle = once(() =>
    isFactor && source !== node.builder.input && !node.isOurs
      ? addScale(node, source, scale[0] ?? Number.NaN)
      : addAffine(node, source, { scale, shift, name }),
  )
  return { kind: 'draft', draft: 'affine', source, scale, shift, name, functions, settle }
}

const after =
  ([scale, shift]: readonly [scale: number, shift: number]) =>
  (each: FunctionOf): FunctionOf => ({ ...each, values: each.values.map((value) => scale * value + shift) })

/** What the scale and the shift of a channel cost, in steps of the budget. */
const STEPS = 16

/** A constant that is broadcast over an image or a vector, as one number for each channel or feature. */
export const perChannel = (node: NodeReader, tensor: Tensor, { shape }: Activations): Float64Array => {
  const { dims } = tensor
  const isOne = countOf(dims) === 1
  const channels = shape.kind === 'image' ? shape.channels : shape.features
  const [width = 1, height = 1, own = 1, n = 1] =
    shape.kind === 'image' ? dims.toReversed() : [1, 1, ...dims.toReversed()]
  if (
    dims.length > (shape.kind === 'image' ? 4 : 2) ||
    !(isOne || (width === 1 && height === 1 && own === channels && n === 1))
  )
    node.refuse(
      shape.kind === 'image'
        ? `one number, or one for each of ${channels} channels (shape [${channels}, 1, 1])`
        : `one number, or one for each of ${channels} features (shape [${channels}])`,
      `a constant of shape ${shapeText(dims)}`,
    )
  node.budget.allocate(Float64Array.BYTES_PER_ELEMENT * channels, 'the scales of its channels')
  node.budget.work(STEPS * channels, 'the scales of its channels')
  const numbers = floatsOf(tensor)
  return isOne ? new Float64Array(channels).fill(numbers[0] ?? Number.NaN) : Float64Array.from(numbers)
}
