import type { NodeReader, Value } from '../graph/nodeReader.js'
import { add, batchNormalization, div, mul, sub, sum } from './affine.js'
import { gemm, matMul } from './dense.js'
import { cast, concat, constantOfShape, gather, slice, unsqueeze } from './integers.js'
import { constant, dropout, identity, relu } from './passing.js'
import { flatten, reshape, shapeOf, squeeze, transposeOf } from './shaping.js'
import { conv, globalAverage, pad, pool, reduceMean } from './windows.js'

/** The supported ONNX operators. Each converts a node to layers, or to a value that later nodes use. */
export const operators: ReadonlyMap<string, (node: NodeReader) => Value> = new Map([
  ['Add', add],
  ['AveragePool', pool('avgPool2d')],
  ['BatchNormalization', batchNormalization],
  ['Cast', cast],
  ['Concat', concat],
  ['Constant', constant],
  ['ConstantOfShape', constantOfShape],
  ['Conv', conv],
  ['Div', div],
  ['Dropout', dropout],
  ['Flatten', flatten],
  ['Gather', gather],
  ['Gemm', gemm],
  ['GlobalAveragePool', globalAverage],
  ['Identity', identity],
  ['MatMul', matMul],
  ['MaxPool', pool('maxPool2d')],
  ['Mul', mul],
  ['Pad', pad],
  ['ReduceMean', reduceMean],
  ['Relu', relu],
  ['Reshape', reshape],
  ['Shape', shapeOf],
  ['Slice', slice],
  ['Squeeze', squeeze],
  ['Sub', sub],
  ['Sum', sum],
  ['Transpose', transposeOf],
  ['Unsqueeze', unsqueeze],
])
