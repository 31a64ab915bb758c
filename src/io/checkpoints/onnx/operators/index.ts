import { numbers } from '../../../../models/activations/arithmetic.js'
import { declared, type OperatorName } from '../graph/declared.js'
import type { OnnxNode } from '../graph/messages.js'
import { NodeReader } from '../graph/nodeReader.js'
import type { Reading } from '../graph/reading.js'
import type { Value } from '../graph/value.js'
import { scaleStep, softmaxStep } from '../transformers/attending.js'
import { attentionOperator } from '../transformers/attentionOperator.js'
import { channelPool } from '../transformers/channelPooling.js'
import { expandedLengthStep, leastLengthStep, reduceL2, unitStep } from '../transformers/lengths.js'
import { placedStep, placesStep } from '../transformers/places.js'
import { reshapeScores, scoresOr, squeezeScores, transposeScores, unsqueezeScores } from '../transformers/scoreAxes.js'
import { channelSharesStep, partsStep, softmax } from '../transformers/shares.js'
import { classTokenStep, expandNumbers, positionStep } from '../transformers/tokens.js'
import { anyOrder } from '../values/anyOrder.js'
import { castLike, ceil, equal, mod, where } from '../values/comparisons.js'
import {
  gatherMoved,
  movedOr,
  reshapeMoved,
  shapeMoved,
  sliceMoved,
  splitMoved,
  squeezeMoved,
  transposeMoved,
  unsqueezeMoved,
} from '../values/moved.js'
import { concat, constantOfShape, gather, ofNumbersOr, range, slice } from '../values/numbers.js'
import { cast } from '../values/views.js'
import { convTranspose } from '../windows/convTranspose.js'
import { averagePool, maxPool } from '../windows/pooling.js'
import { resize } from '../windows/resizing.js'
import { conv } from '../windows/windows.js'
import { add, batchNormalization, div, larger, mul, sub, sum } from './affine.js'
import { concatenated } from './concatenation.js'
import { gemm, matMul } from './dense.js'
import { clip, elementwise, hardSigmoid, nonlinearity, swish, withNumber } from './functions.js'
import { globalAverage, globalMax, reduceMax, reduceMean, reduceSum } from './globalPooling.js'
import {
  centredStep,
  epsilonStep,
  leastDeviationStep,
  meanStep,
  normalisedStep,
  squareRoot,
  squaresStep,
  stepOr,
  varianceStep,
} from './moments.js'
import { groupNormalization, instanceNormalization, layerNormalization } from './normalisations.js'
import { pad } from './padding.js'
import { partOr } from './parts.js'
import { constant, dropout, identity, relu } from './passing.js'
import { prelu } from './prelu.js'
import { expand } from './product.js'
import { clippedIntegers, dequantizeLinear, quantizeLinear } from './quantised.js'
import { tile } from './repeating.js'
import { gathered, sliced, split } from './selections.js'
import { sequenceAt, splitToSequence } from './sequences.js'
import { flatten, reshape, shapeOf, squeeze, transposeOf, unsqueeze } from './shaping.js'

/** What an operator becomes: layers, or a value that later nodes use. */
const readers: Readonly<Record<OperatorName, (node: NodeReader) => Value | readonly Value[]>> = {
  Add: stepOr(placedStep, stepOr(positionStep, stepOr(epsilonStep, anyOrder(add)))),
  Attention: attentionOperator,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  CastLike: castLike,
  Ceil: ceil,
  Clip: stepOr(leastLengthStep, stepOr(clippedIntegers, anyOrder(clip))),
  Concat: ofNumbersOr(concat, stepOr(classTokenStep, concatenated)),
  Constant: constant,
  ConvTranspose: convTranspose,
  ConstantOfShape: constantOfShape,
  Conv: stepOr(placesStep, conv),
  DequantizeLinear: dequantizeLinear,
  Div: stepOr(
    scaleStep((scale, by) => scale / by),
    stepOr(
      unitStep,
      stepOr(
        varianceStep((factor, by) => factor / by),
        stepOr(normalisedStep, anyOrder(div)),
      ),
    ),
  ),
  Dropout: dropout,
  Elu: anyOrder(nonlinearity((node) => ({ type: 'elu', alpha: node.float('alpha') }))),
  Equal: equal,
  Erf: anyOrder(elementwise(numbers.erf)),
  Exp: anyOrder(elementwise(Math.exp)),
  Expand: stepOr(expandedLengthStep, stepOr(expandNumbers, expand)),
  Flatten: flatten,
  Gather: ofNumbersOr(gather, partOr(gatherMoved, gathered)),
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
  Max: stepOr(leastLengthStep, stepOr(leastDeviationStep, anyOrder(larger))),
  MaxPool: maxPool,
  Min: anyOrder(withNumber(Math.min)),
  Mish: anyOrder(nonlinearity(() => ({ type: 'mish' }))),
  Mod: mod,
  Mul: stepOr(
    scaleStep((scale, by) => scale * by),
    stepOr(
      varianceStep((factor, by) => factor * by),
      stepOr(squaresStep, anyOrder(mul)),
    ),
  ),
  Neg: anyOrder(elementwise((x) => -x)),
  Pad: pad,
  PRelu: anyOrder(prelu),
  Pow: stepOr(squaresStep, anyOrder(withNumber(Math.pow))),
  QuantizeLinear: quantizeLinear,
  Range: range,
  Reciprocal: anyOrder(elementwise((x) => 1 / x)),
  ReduceL2: reduceL2,
  ReduceMax: stepOr(channelPool('max'), reduceMax),
  ReduceMean: stepOr(meanStep, stepOr(channelPool('mean'), reduceMean)),
  ReduceSum: reduceSum,
  Relu: anyOrder(relu),
  Reshape: scoresOr(reshapeScores, movedOr(reshapeMoved, reshape)),
  Resize: resize,
  SequenceAt: sequenceAt,
  Shape: movedOr(shapeMoved, shapeOf),
  Sigmoid: anyOrder(elementwise(numbers.sigmoid)),
  Slice: ofNumbersOr(slice, partOr(sliceMoved, sliced)),
  Softplus: anyOrder(elementwise(numbers.softplus)),
  Softmax: stepOr(softmaxStep, stepOr(partsStep, stepOr(channelSharesStep, softmax))),
  Split: partOr(splitMoved, split),
  SplitToSequence: splitToSequence,
  Squeeze: scoresOr(squeezeScores, movedOr(squeezeMoved, squeeze)),
  Sqrt: squareRoot,
  Sub: stepOr(centredStep, anyOrder(sub)),
  Sum: anyOrder(sum),
  Swish: anyOrder(swish),
  Tanh: anyOrder(elementwise(Math.tanh)),
  Tile: tile,
  Transpose: scoresOr(transposeScores, movedOr(transposeMoved, transposeOf)),
  Unsqueeze: scoresOr(unsqueezeScores, movedOr(unsqueezeMoved, unsqueeze)),
  Where: where,
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
