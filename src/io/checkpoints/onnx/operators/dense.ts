import type { StateTensor } from '../../tensors/checkpoint.js'
import type { Activations, LayerTensors } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, floatsOf, permuted, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import type { NodePlace, Value } from '../graph/value.js'
import { attend } from '../transformers/attending.js'
import { arranged } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
import { type Movement, moved } from '../values/moved.js'
import { isNumbers } from '../values/numbers.js'
import { pixelwise } from './pixelwise.js'

/** `Gemm`: α·x·W + β·c. */
export const gemm = (node: NodeReader): Value => {
  const transposed = node.integer('transB') !== 0
  const numbers = draftOf(node.value(0), 'moved')
  if (numbers) return pixelwiseGemm(node, numbers)
  const weight = node.constant(1)
  const bias = node.optional(2) ? node.constant(2) : undefined
  const { input, positions } = featuresIn(node)
  const out = outputsOf(node, weight, transposed)
  return denseDraft(node, out, (factor, by) =>
    linearLayer(node, input, weight, by, {
      weight: matrix(node, weight, { transposed, factor: factor * node.float('alpha'), positions }),
      bias: biasOf(node, bias, out, factor * node.float('beta')),
    }),
  )
}

/** `Gemm` of the pixels of all images, one after the other. */
const pixelwiseGemm = (node: NodeReader, before: Movement): Value => {
  // Without a bias β has nothing to scale.
  if (node.float('alpha') !== 1 || (node.optional(2) && node.float('beta') !== 1))
    node.refuse(
      'attributes "alpha" and "beta" of 1 for a product of pixels',
      `${node.float('alpha')}, ${node.float('beta')}`,
    )
  const weight = node.constant(1)
  const matrices = node.integer('transB') === 0 ? weight : permuted(weight, [1, 0])
  const result = pixelwise(node, before, moved, matrices)
  const product = draftOf(result, 'moved') ?? draftOf(result, 'arranged')
  const linear = product && draftOf(product.source, 'linear')
  if (!product || !linear || !node.optional(2)) return result
  return moved(node, {
    ...product,
    images: before.images,
    dims: [...before.dims.slice(0, -1), linear.out],
    source: linear.addBias(node.constant(2), node),
  })
}

/** `MatMul` by a constant, and the `Add` after it. */
export const matMul = (node: NodeReader): Value => {
  if (!isNumbers(node.value(1))) return attend(node)
  const before = draftOf(node.value(0), 'arranged')
  if (before && before.dims.length > 1) return pixelwise(node, before, arranged)
  const numbers = draftOf(node.value(0), 'moved')
  if (numbers) return pixelwise(node, numbers, moved)
  const { input, positions } = featuresIn(node)
  const weight = node.constant(1)
  const out = outputsOf(node, weight, false)
  const make =
    (bias: Tensor | undefined, biasNode: NodePlace) =>
    (factor: number, by: NodePlace): Activations =>
      linearLayer(node, input, weight, by, {
        weight: matrix(node, weight, { transposed: false, factor, positions }),
        bias: biasOf(biasNode, bias, out, factor),
      })
  return {
    kind: 'draft',
    draft: 'linear',
    out,
    addBias: (bias, by) => denseDraft(by, out, make(bias, by)),
    settle: once(() => make(undefined, node)(1, node)),
  }
}

/** A linear layer, which a factor after it becomes part of. In our own files the factor is a layer. */
const denseDraft = (node: NodePlace, out: number, make: (factor: number, by: NodePlace) => Activations): Value => {
  if (node.isOurs) return activations(make(1, node))
  return {
    kind: 'draft',
    draft: 'dense',
    out,
    scaled: make,
    settle: once(() => make(1, node)),
  }
}

const outputsOf = (node: NodeReader, { dims }: Tensor, transposed: boolean): number => {
  if (dims.length !== 2 || countOf(dims) === 0)
    node.refuse('a matrix of weights', `a tensor of shape ${shapeText(dims)}`)
  return dims[transposed ? 0 : 1] ?? 0
}

const linearLayer = (
  node: NodePlace,
  input: Activations,
  weight: Tensor,
  by: NodePlace,
  tensors: LayerTensors,
): Activations => {
  const name = node.layerName(weight.name)
  const out = tensors.weight?.shape[0] ?? 0
  return node.builder.add({ type: 'linear', name, out }, [input], by.origin(name), tensors)
}

/** The features that a linear layer reads. */
interface Features {
  readonly input: Activations
  /** For each row of the weights, the place of its feature in the input; undefined if it is the same. */
  readonly positions: Float64Array | undefined
}

const featuresIn = (node: NodeReader): Features => {
  const before = draftOf(node.value(0), 'arranged')
  return before?.dims.length === 1
    ? { input: before.flat(), positions: before.positions }
    : { input: node.activations(0), positions: undefined }
}

interface Placing {
  readonly transposed: boolean
  readonly factor: number
  readonly positions: Float64Array | undefined
}

/** A matrix of weights in PyTorch's layout, out × in, for features in the order of their layer. */
const matrix = (node: NodeReader, weight: Tensor, { transposed, factor, positions }: Placing): StateTensor => {
  outputsOf(node, weight, transposed)
  const placed = transposed ? weight : permuted(weight, [1, 0])
  const [out = 0, features = 0] = placed.dims
  if (positions && positions.length !== features)
    node.refuse(`weights for ${positions.length} features`, `a tensor of shape ${shapeText(weight.dims)}`)
  if (positions) return lazyTensor(placed.dims, () => placedColumns(scaled(placed, factor), out, positions))
  return factor === 1 ? stateTensor(placed) : lazyTensor(placed.dims, () => scaled(placed, factor))
}

/** Moves the columns of a matrix of `out` rows to other positions. */
const placedColumns = (numbers: Float32Array, out: number, positions: Float64Array): Float32Array => {
  const result = new Float32Array(numbers.length)
  const features = positions.length
  for (let row = 0; row < out; row++)
    for (let column = 0; column < features; column++)
      result[row * features + (positions[column] ?? 0)] = numbers[row * features + column] ?? Number.NaN
  return result
}

const scaled = (tensor: Tensor, factor: number): Float32Array => floatsOf(tensor).map((value) => value * factor)

const biasOf = (node: NodePlace, bias: Tensor | undefined, out: number, factor: number): StateTensor => {
  if (!bias) return lazyTensor([out], () => new Float32Array(out))
  const { dims } = bias
  const count = countOf(dims)
  // Of two axes the first is that of the images.
  if (dims.length > 2 || !(count === 1 || (dims.at(-1) === out && count === out)))
    node.refuse(`a bias for ${out} outputs (shape [${out}])`, `a constant of shape ${shapeText(dims)}`)
  return lazyTensor([out], () => {
    const numbers = scaled(bias, factor)
    return count === 1 ? new Float32Array(out).fill(numbers[0] ?? Number.NaN) : numbers
  })
}
