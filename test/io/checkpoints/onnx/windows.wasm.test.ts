/** Padding that differs between sides, and pooling of every kind, in ONNX files of others: the logits of onnxruntime. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import { tf } from '../../../../src/engine/tf.js'
import type { OnnxNode, Written } from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { readOnnx } from '../../../../src/io/checkpoints/onnx/readOnnx.js'
import { selfDescribed } from '../../../../src/models/parameters/selfDescribed.js'
import { Student } from '../../../../src/training/network/network.js'
import { distance, seededNumbers } from '../../../support/numbers.js'
import { channelsFirst, runOnnx } from '../../../support/onnxRuntime.js'
import { ints, model, tensor, value } from './smallModel.js'

const image = { height: 8, width: 8, channels: 2 }
const EXAMPLES = 2

const flag = (name: string) => ({ name, i: 1, type: 2 })
const auto = (mode: string) => ({ name: 'auto_pad', s: Buffer.from(mode), type: 3 })
const window = (kernel: number, stride: number) => [
  ints('kernel_shape', [kernel, kernel]),
  ints('strides', [stride, stride]),
]
const node = (
  opType: string,
  attribute: NonNullable<Written<OnnxNode>['attribute']>,
  input: readonly string[] = ['x'],
  output = 'a',
): Written<OnnxNode> => ({ opType, name: output, input, output: [output], attribute })
const conv = (...attribute: NonNullable<Written<OnnxNode>['attribute']>): Written<OnnxNode> =>
  node('Conv', attribute, ['x', 'w'])
/** A `Pad` of opset 10. */
const pad = (sides: readonly number[], value = 0): Written<OnnxNode> =>
  node('Pad', [ints('pads', sides), { name: 'value', f: value, type: 1 }], ['x'], 'p')

/** The nodes, the rows and columns of their output, and the types of the layers that they become. */
const cases: Readonly<Record<string, readonly [readonly Written<OnnxNode>[], number, number, string]>> = {
  'a convolution padded at two sides': [[conv(...window(3, 2), ints('pads', [0, 0, 1, 1]))], 4, 4, 'pad2d conv2d'],
  'a convolution padded at three sides': [[conv(ints('pads', [1, 0, 2, 2]))], 9, 8, 'pad2d conv2d'],
  'a convolution padded as SAME_UPPER': [[conv(...window(3, 2), auto('SAME_UPPER'))], 4, 4, 'pad2d conv2d'],
  'a convolution padded as SAME_LOWER': [[conv(...window(3, 2), auto('SAME_LOWER'))], 4, 4, 'pad2d conv2d'],
  'zeros at two sides before a padded convolution': [
    [pad([0, 0, 0, 0, 0, 0, 1, 1]), node('Conv', [...window(3, 2), ints('pads', [1, 1, 1, 1])], ['p', 'w'])],
    5,
    5,
    'pad2d conv2d',
  ],
  'zeros on all sides before a convolution': [
    [pad([0, 0, 1, 1, 0, 0, 1, 1]), node('Conv', window(3, 2), ['p', 'w'])],
    4,
    4,
    'conv2d',
  ],
  'numbers on all sides before a convolution': [
    [pad([0, 0, 1, 1, 0, 0, 1, 1], 0.5), node('Conv', window(3, 2), ['p', 'w'])],
    4,
    4,
    'pad2d conv2d',
  ],
  'zeros before a ReLU': [[pad([0, 0, 0, 1, 0, 0, 1, 0]), node('Relu', [], ['p'])], 9, 9, 'pad2d relu'],
  'maximum with padding': [[node('MaxPool', [...window(3, 2), ints('pads', [1, 1, 1, 1])])], 4, 4, 'maxPool2d'],
  'maximum padded as SAME_UPPER': [[node('MaxPool', [...window(3, 2), auto('SAME_UPPER')])], 4, 4, 'maxPool2d'],
  'maximum with windows beyond the image': [
    [node('MaxPool', [...window(3, 2), ints('pads', [1, 1, 1, 1]), flag('ceil_mode')])],
    5,
    5,
    'maxPool2d',
  ],
  'maximum after −∞': [
    [pad([0, 0, 1, 1, 0, 0, 1, 1], Number.NEGATIVE_INFINITY), node('MaxPool', window(3, 2), ['p'])],
    4,
    4,
    'maxPool2d',
  ],
  // Not zeros: onnxruntime takes those for a part of the pooling.
  'maximum after numbers': [
    [pad([0, 0, 1, 1, 0, 0, 1, 1], 0.5), node('MaxPool', window(3, 2), ['p'])],
    4,
    4,
    'pad2d maxPool2d',
  ],
  'mean within the image': [[node('AveragePool', [...window(3, 2), ints('pads', [1, 1, 1, 1])])], 4, 4, 'avgPool2d'],
  'mean padded as SAME_UPPER': [[node('AveragePool', [...window(3, 2), auto('SAME_UPPER')])], 4, 4, 'avgPool2d'],
  'mean over zeros': [
    [node('AveragePool', [...window(3, 2), ints('pads', [1, 1, 1, 1]), flag('count_include_pad')])],
    4,
    4,
    'avgPool2d',
  ],
  'mean over zeros at three sides': [
    [node('AveragePool', [...window(3, 1), ints('pads', [1, 0, 0, 2]), flag('count_include_pad')])],
    7,
    8,
    'pad2d avgPool2d',
  ],
  'mean after zeros': [[pad([0, 0, 1, 1, 0, 0, 1, 1]), node('AveragePool', window(3, 2), ['p'])], 4, 4, 'avgPool2d'],
  'mean with windows beyond the image': [
    [node('AveragePool', [...window(3, 3), flag('ceil_mode')])],
    3,
    3,
    'avgPool2d',
  ],
}

it.each(Object.keys(cases))('%s has the logits of onnxruntime', async (name) => {
  const [nodes, rows, columns, types] = cases[name] ?? []
  const tail = [
    { opType: 'Flatten', name: 'flat', input: ['a'], output: ['f'] },
    { opType: 'MatMul', name: 'head', input: ['f', 'm'], output: ['y'] },
  ]
  const bytes = model(
    {
      node: [...(nodes ?? []), ...tail],
      initializer: [
        ...(types?.includes('conv2d') ? [tensor('w', [2, 2, 3, 3])] : []),
        tensor('m', [2 * Number(rows) * Number(columns), 3]),
      ],
      input: [value('x', [EXAMPLES, 2, 8, 8])],
      output: [value('y', [EXAMPLES, 3])],
    },
    { opsetImport: [{ domain: '', version: 10 }] },
  )
  const read = await readOnnx(bytes, 'net.onnx', 'test')()
  const network = isLeft(read) ? read : selfDescribed('test', 'net.onnx', read.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  const { architecture, weights, statistics } = network.right
  expect(architecture.nodes.map(({ layer }) => layer.type).join(' ')).toBe(`${types} flatten linear`)
  // All are below 0, so that a maximum over added pixels shows.
  const pixels = seededNumbers(3, EXAMPLES * 2 * 64).map((number) => (number - 1) / 2)
  const theirs = await runOnnx(bytes, channelsFirst(pixels, image), [EXAMPLES, 2, 8, 8])
  const student = new Student(architecture, weights, statistics)
  const ours = tf.tidy(() => Float32Array.from(student.logits(tf.tensor4d(pixels, [EXAMPLES, 8, 8, 2])).dataSync()))
  student.dispose()
  expect(distance(ours, theirs.data)).toBeLessThan(1e-5)
})
