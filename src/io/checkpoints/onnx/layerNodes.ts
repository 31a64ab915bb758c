import type { GraphNode } from '../../../models/architecture/architecture.js'
import type { Layer } from '../../../models/architecture/layer.js'
import { groupsOf } from '../../../models/architecture/layers.js'
import { batchNormDefaults } from '../../../models/parameters/statistics.js'
import { refuse } from '../../files/refusal.js'
import { attributeTypes, type OnnxNode, type Written } from './graph/messages.js'

type WrittenNode = Written<OnnxNode>
type WrittenAttribute = NonNullable<WrittenNode['attribute']>[number]

/** A layer in its place in the graph to be written: the names of what it reads and of what it gives. */
interface Place<L extends Layer> {
  readonly layer: L
  readonly id: string
  readonly inputs: readonly string[]
  readonly output: string
}

type Writers = {
  readonly [K in Layer['type']]: (place: Place<Extract<Layer, { readonly type: K }>>) => readonly WrittenNode[]
}

const float = (name: string, f: number): WrittenAttribute => ({ name, f, type: attributeTypes.float })
const integer = (name: string, i: number): WrittenAttribute => ({ name, i, type: attributeTypes.int })
const integers = (name: string, ints: readonly number[]): WrittenAttribute => ({
  name,
  ints,
  type: attributeTypes.ints,
})

const node = (
  opType: string,
  { id, inputs, output }: Place<Layer>,
  parameters: readonly string[] = [],
  attribute: readonly WrittenAttribute[] = [],
): WrittenNode => ({ opType, name: id, input: [...inputs, ...parameters], output: [output], attribute })

const window = (kernel: number, stride: number): readonly WrittenAttribute[] => [
  integers('kernel_shape', [kernel, kernel]),
  integers('strides', [stride, stride]),
]

const onlyInTraining = ({ id }: Place<Layer>): never =>
  refuse('a network without its stochastic head', `a layer "${id}" that only training has`)

const writers: Writers = {
  normalize: (place) => {
    const centred = `${place.id}/centred`
    return [
      node('Sub', { ...place, id: centred, output: centred }, [`${place.id}/mean`]),
      node('Div', { ...place, inputs: [centred] }, [`${place.id}/std`]),
    ]
  },
  conv2d: (place) => {
    const { name, kernel, stride, padding, bias } = place.layer
    const parameters = [`${name}.weight`, ...(bias === 'learned' ? [`${name}.bias`] : [])]
    const pads = integers('pads', [padding, padding, padding, padding])
    const groups = groupsOf(place.layer)
    const group = groups === 1 ? [] : [integer('group', groups)]
    return [node('Conv', place, parameters, [...window(kernel, stride), pads, ...group])]
  },
  batchNorm2d: (place) => {
    const parameters = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${place.layer.name}.${part}`)
    const { epsilon, momentum } = batchNormDefaults
    // ONNX counts the share of the old statistics, PyTorch that of the new.
    return [node('BatchNormalization', place, parameters, [float('epsilon', epsilon), float('momentum', 1 - momentum)])]
  },
  affine2d: (place) => {
    const scaled = `${place.id}/scaled`
    return [
      node('Mul', { ...place, id: scaled, output: scaled }, [`${place.layer.name}.weight`]),
      node('Add', { ...place, inputs: [scaled] }, [`${place.layer.name}.bias`]),
    ]
  },
  linear: (place) => {
    const { name } = place.layer
    return [node('Gemm', place, [`${name}.weight`, `${name}.bias`], [integer('transB', 1)])]
  },
  relu: (place) => [node('Relu', place)],
  maxPool2d: (place) => [node('MaxPool', place, [], window(place.layer.kernel, place.layer.stride))],
  avgPool2d: (place) => [node('AveragePool', place, [], window(place.layer.kernel, place.layer.stride))],
  flatten: (place) => [node('Flatten', place, [], [integer('axis', 1)])],
  add: (place) => [node(place.inputs.length === 2 ? 'Add' : 'Sum', place)],
  given: onlyInTraining,
  sample: onlyInTraining,
}

/** Constants of a layer that are no parameters, by the names that its nodes read them under: a number per channel. */
export const constantsOf = ({ id, layer }: GraphNode): Readonly<Record<string, readonly number[]>> =>
  layer.type === 'normalize' ? { [`${id}/mean`]: layer.mean, [`${id}/std`]: layer.std } : {}

/**
 * The ONNX nodes of a layer. The last of them has the layer's id as its name; parameters go by their PyTorch names.
 *
 * @param output the name of what it gives
 */
export const nodesOf = ({ id, layer, inputs }: GraphNode, output: string): readonly WrittenNode[] =>
  // Each layer type is looked up under its own key, which TypeScript can't follow through a union.
  (writers[layer.type] as (place: Place<Layer>) => readonly WrittenNode[])({ layer, id, inputs, output })
