import type { StateTensor } from '../../tensors/checkpoint.js'
import type { Activations, LayerTensors } from '../graph/networkBuilder.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { countOf, floatsOf, permuted, shapeText, type Tensor } from '../graph/tensor.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import { activations, once } from './drafts.js'

/** `Gemm`: α·x·W + β·c. */
export const gemm = (node: NodeReader): Value => {
  const transposed = node.integer('transB') !== 0
  const weight = node.constant(1)
  const bias = node.optional(2) ? node.constant(2) : undefined
  return activations(
    linearLayer(node, node.activations(0), weight, node, {
      weight: matrix(node, weight, transposed, node.float('alpha')),
      bias: biasOf(node, bias, outputsOf(node, weight, transposed), node.float('beta')),
    }),
  )
}

/** `MatMul` by a constant, and the `Add` after it. */
export const matMul = (node: NodeReader): Value => {
  const input = node.activations(0)
  const weight = node.constant(1)
  const out = outputsOf(node, weight, false)
  const make = (bias: Tensor | undefined, by: NodeReader): Activations =>
    linearLayer(node, input, weight, by, {
      weight: matrix(node, weight, false, 1),
      bias: biasOf(by, bias, out, 1),
    })
  return { kind: 'draft', draft: 'linear', out, addBias: make, settle: once(() => make(undefined, node)) }
}

const outputsOf = (node: NodeReader, { dims }: Tensor, transposed: boolean): number => {
  if (dims.length !== 2 || countOf(dims) === 0)
    node.refuse('a matrix of weights', `a tensor of shape ${shapeText(dims)}`)
  return dims[transposed ? 0 : 1] ?? 0
}

const linearLayer = (
  node: NodeReader,
  input: Activations,
  weight: Tensor,
  by: NodeReader,
  tensors: LayerTensors,
): Activations => {
  const name = node.layerName(weight.name)
  const out = tensors.weight?.shape[0] ?? 0
  return node.builder.add({ type: 'linear', name, out }, [input], by.origin(name), tensors)
}

/** A matrix of weights in PyTorch's layout, out × in. */
const matrix = (node: NodeReader, weight: Tensor, transposed: boolean, factor: number): StateTensor => {
  outputsOf(node, weight, transposed)
  const placed = transposed ? weight : permuted(weight, [1, 0])
  return factor === 1 ? stateTensor(placed) : lazyTensor(placed.dims, () => scaled(placed, factor))
}

const scaled = (tensor: Tensor, factor: number): Float32Array => floatsOf(tensor).map((value) => value * factor)

const biasOf = (node: NodeReader, bias: Tensor | undefined, out: number, factor: number): StateTensor => {
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
