import { numbers } from '../../../../models/activations/arithmetic.js'
import type { OnnxNode } from '../graph/messages.js'
import { NodeReader } from '../graph/nodeReader.js'
import type { Reading } from '../graph/reading.js'
import type { Value } from '../graph/value.js'
import { anyOrder } from '../values/anyOrder.js'
import { concat, constantOfShape, gather, ofNumbersOr, slice } from '../values/numbers.js'
import { cast } from '../values/views.js'
import { add, batchNormalization, div, mul, sub, sum } from './affine.js'
import { concatenated } from './concatenation.js'
import { declared, type OperatorName } from './declared.js'
import { gemm, matMul } from './dense.js'
import { expand } from './expand.js'
import { clip, elementwise, hardSigmoid, nonlinearity, swish, withNumber } from './functions.js'
import { globalAverage, globalMax, reduceMax, reduceMean } from './globalPooling.js'
import { centredStep, epsilonStep, meanStep, momentOr, normalisedStep, squareRoot, squaresStep } from './moments.js'
import { groupNormalization, instanceNormalization, layerNormalization } from './normalisations.js'
import { pad } from './padding.js'
import { constant, dropout, identity, relu, softmax } from './passing.js'
import { averagePool, maxPool } from './pooling.js'
import { prelu } from './prelu.js'
import { gathered, sliced, split } from './selections.js'
import { flatten, reshape, shapeOf, squeeze, transposeOf, unsqueeze } from './shaping.js'
import { conv } from './windows.js'

/** What an operator becomes: layers, or a value that later nodes use. */
const readers: Readonly<Record<OperatorName, (node: NodeReader) => Value | readonly Value[]>> = {
  Add: momentOr(epsilonStep, anyOrder(add)),
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: anyOrder(clip),
  Concat: ofNumbersOr(concat, concatenated),
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Conv: conv,
  Div: momentOr(normalisedStep, anyOrder(div)),
  Dropout: dropout,
  Elu: anyOrder(nonlinearity((node) => ({ type: 'elu', alpha: node.float('alpha') }))),
  Erf: anyOrder(elementwise(numbers.erf)),
  Exp: anyOrder(elementwise(Math.exp)),
  Expand: expand,
  Flatten: flatten,
  Gather: ofNumbersOr(gather, gathered),
  Gelu: anyOrder(
    nonlinearity((node) => ({ type: 'gelu', approximate: node.text('approximate') === 'tanh' ? 'tanh' : 'none' })),
  ),
  Gemm: gemm,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMax,
  GroupNormalization: groupNormalization,
  HardSigmoid: anyOrder(hardSigmoid),
  HardSwish: anyOrder(nonlinearity(() => ({ type: 'hardSwish' }))),
  Identity: identity,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LeakyRelu: anyOrder(nonlinearity((node) => ({ type: 'leakyRelu', slope: node.float('alpha') }))),
  LogSoftmax: softmax,
  MatMul: matMul,
  Max: anyOrder(withNumber(Math.max)),
  MaxPool: maxPool,
  Min: anyOrder(withNumber(Math.min)),
  Mish: anyOrder(nonlinearity(() => ({ type: 'mish' }))),
  Mul: momentOr(squaresStep, anyOrder(mul)),
  Neg: anyOrder(elementwise((x) => -x)),
  Pad: pad,
  PRelu: anyOrder(prelu),
  Pow: momentOr(squaresStep, anyOrder(withNumber(Math.pow))),
  Reciprocal: anyOrder(elementwise((x) => 1 / x)),
  ReduceMax: reduceMax,
  ReduceMean: momentOr(meanStep, reduceMean),
  Relu: anyOrder(relu),
  Reshape: reshape,
  Shape: shapeOf,
  Sigmoid: anyOrder(elementwise(numbers.sigmoid)),
  Slice: ofNumbersOr(slice, sliced),
  Softplus: anyOrder(elementwise(numbers.softplus)),
  Softmax: softmax,
  Split: split,
  Squeeze: squeeze,
  Sqrt: squareRoot,
  Sub: momentOr(centredStep, anyOrder(sub)),
  Sum: anyOrder(sum),
  Swish: anyOrder(swish),
  Tanh: anyOrder(elementwise(Math.tanh)),
  Transpose: transposeOf,
  Unsqueeze: unsqueeze,
}

/** Supported ONNX operators. */
export const operatorNames: readonly string[] = Object.keys(declared)

/** Whether an operator of that name is supported. */
export const isSupported = (opType: string): opType is OperatorName => Object.hasOwn(declared, opType)

/**
 * Reads one node: the values of its outputs, or of the first ones.
 *
 * @param inputs values of its inputs; undefined for one that is left out
 * @param index of the node in the graph
 * @throws Refusal for an attribute, an input or a use of the operator that no layer here has
 */
export const readOperator = (
  opType: OperatorName,
  node: OnnxNode,
  inputs: readonly (Value | undefined)[],
  index: number,
  reading: Reading,
): readonly Value[] => [readers[opType](new NodeReader(node, declared[opType], inputs, index, reading))].flat()
