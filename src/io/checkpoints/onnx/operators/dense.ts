import type { StateTensor } from '../../tensors/checkpoint.js'
import type { OnnxTensor } from '../graph/messages.js'
import type { Activations, LayerTensors } from '../graph/networkBuilder.js'
import type { NodeReader, Value } from '../graph/nodeReader.js'
import { countOf, floatsOf, transpose } from '../graph/numbers.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import { activations, once } from './drafts.js'

/** `Gemm`: α·x·W + β·c. */
export const gemm = (node: NodeReader): Value => {
  const transposed = node.integer('transB', 0) !== 0
  if (node.integer('transA', 0) !== 0) node.refuse('images in rows', 'transA')
  const weight = node.constant(1)
  const bias = node.optional(2) ? node.constant(2) : undefined
  return activations(
    linearLayer(node, node.activations(0), weight, node, {
      weight: matrix(node, weight, transposed, node.float('alpha', 1)),
      bias: biasOf(node, bias, outputsOf(node, weight, transposed), node.float('beta', 1)),
    }),
  )
}

/** `MatMul` by a constant, and the `Add` after it. */
export const matMul = (node: NodeReader): Value => {
  const input = node.activations(0)
  const weight = node.constant(1)
  const out = outputsOf(node, weight, false)
  const make = (bias: OnnxTensor | undefined, by: NodeReader): Activations =>
    linearLayer(node, input, weight, by, {
      weight: matrix(node, weight, false, 1),
      bias: biasOf(by, bias, out, 1),
    })
  return { kind: 'draft', draft: 'linear', out, addBias: make, settle: once(() => make(undefined, node)) }
}

const outputsOf = (node: NodeReader, { dims }: OnnxTensor, transposed: boolean): number => {
  if (dims.length !== 2) node.refuse('a matrix of weights', `a tensor of shape [${dims.join(', ')}]`)
  return dims[transposed ? 0 : 1] ?? 0
}

const linearLayer = (
  node: NodeReader,
  input: Activations,
  weight: OnnxTensor,
  by: NodeReader,
  tensors: LayerTensors,
): Activations => {
  const name = node.layerName(weight.name)
  const out = tensors.weight?.shape[0] ?? 0
  return node.builder.add({ type: 'linear', name, out }, [input], by.origin(name), tensors)
}

/** A matrix of weights in PyTorch's layout, out × in. */
const matrix = (node: NodeReader, weight: OnnxTensor, transposed: boolean, factor: number): StateTensor => {
  const out = outputsOf(node, weight, transposed)
  const inputs = out === 0 ? 0 : countOf(weight.dims) / out
  if (transposed && factor === 1) return stateTensor(weight)
  return lazyTensor([out, inputs], () => {
    const numbers = floatsOf(weight)
    const placed = transposed ? numbers : transpose(numbers, inputs, out)
    return factor === 1 ? placed : placed.map((value) => value * factor)
  })
}

const biasOf = (node: NodeReader, bias: OnnxTensor | undefined, out: number, factor: number): StateTensor => {
  if (!bias) return lazyTensor([out], () => new Float32Array(out))
  const count = countOf(bias.dims)
  const fits = count === 1 || (bias.dims.at(-1) === out && count === out)
  if (!fits) node.refuse(`a bias for ${out} outputs`, `a tensor of shape [${bias.dims.join(', ')}]`)
  return lazyTensor([out], () => {
    const numbers = floatsOf(bias)
    const [first = 0] = numbers
    const all = count === 1 ? new Float32Array(out).fill(first) : numbers
    return factor === 1 ? all : all.map((value) => value * factor)
  })
}
