import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, doublesOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { channelsAlong } from '../values/anyOrder.js'
import { arranged } from '../values/arranged.js'
import { draftOf } from '../values/drafts.js'
import { areNumbers, attributeOrInput, computed, isNumbers, knownIn } from '../values/numbers.js'
import { fromFront } from '../values/views.js'
import { elementwise } from './functions.js'
import { normDraft } from './normalisations.js'

// Before opset 17 a normalisation of each pixel is (x − mean) / √(variance + ε), an operator for each step. Each step is
// known by the one before it; the division ends in a layer.

type Stage = Extract<Value, { readonly draft: 'moment' }>['stage']

/** An operator that may be a step of a larger layer, and otherwise is what `read` makes of it. */
export const stepOr =
  (step: (node: NodeReader) => Value | undefined, read: (node: NodeReader) => Value) =>
  (node: NodeReader): Value =>
    step(node) ?? read(node)

const moment = (node: NodeReader, stage: Stage, of: Value, epsilon = 0): Value => ({
  kind: 'draft',
  draft: 'moment',
  stage,
  of,
  epsilon,
  settle: () =>
    node.refuse('a normalisation (x − mean) / √(variance + ε) of each pixel', `its ${stage}, read as a layer’s output`),
})

const momentIn = (node: NodeReader, index: number, stage: Stage) => {
  const value = node.optional(index)
  const found = value && draftOf(value, 'moment')
  return found?.stage === stage ? found : undefined
}

/** `ReduceMean` over the channels, or of squares over the same. */
export const meanStep = (node: NodeReader): Value | undefined => {
  const squares = momentIn(node, 0, 'squares')
  const of = squares?.of ?? node.value(0)
  const axes = attributeOrInput(node, 'axes', 1) ?? []
  if (isNumbers(of) || node.integer('keepdims') === 0 || !isChannelAxis(node.withInputs([of]), axes)) return undefined
  return moment(node, squares ? 'variance' : 'mean', of)
}

const isChannelAxis = (node: NodeReader, axes: readonly number[]): boolean => {
  const [axis = 0, ...others] = axes
  if (axes.length === 0 || others.length > 0) return false
  const before = draftOf(node.value(0), 'arranged')
  if (before) {
    const own = fromFront(node, axis, before.dims.length + 1) - 1
    return own >= 0 && channelsAlong(node, before, [own]) !== undefined
  }
  const { shape } = node.activations(0)
  return fromFront(node, axis, shape.kind === 'image' ? 4 : 2) === 1
}

/** `Sub` of the mean. */
export const centredStep = (node: NodeReader): Value | undefined => {
  const mean = momentIn(node, 1, 'mean')
  return mean && node.value(0) === mean.of ? moment(node, 'centred', mean.of) : undefined
}

/** `Pow` by 2, or `Mul` by itself. */
export const squaresStep = (node: NodeReader): Value | undefined => {
  const centred = momentIn(node, 0, 'centred')
  if (!centred) return undefined
  const other = node.value(1)
  const isSquare = isNumbers(other) ? oneNumber(node, 1) === 2 : momentIn(node, 1, 'centred')?.of === centred.of
  return isSquare ? moment(node, 'squares', centred.of) : undefined
}

const oneNumber = (node: NodeReader, index: number): number | undefined => {
  const tensor = node.constant(index)
  return countOf(tensor.dims) === 1 ? doublesOf(tensor)[0] : undefined
}

/** `Add` of ε. */
export const epsilonStep = (node: NodeReader): Value | undefined => {
  const [at, other] = momentIn(node, 0, 'variance') ? [0, 1] : [1, 0]
  const variance = momentIn(node, at, 'variance')
  if (!variance || !isNumbers(node.value(other))) return undefined
  const epsilon = oneNumber(node, other)
  return epsilon === undefined ? undefined : moment(node, 'variance', variance.of, variance.epsilon + epsilon)
}

/** `Sqrt` of the variance, or of numbers. */
export const squareRoot = (node: NodeReader): Value => {
  const variance = momentIn(node, 0, 'variance')
  if (variance) return moment(node, 'deviation', variance.of, variance.epsilon)
  if (!areNumbers(node)) return elementwise(Math.sqrt)(node)
  const { dims } = node.constant(0)
  return computed(node, 'F32', knownIn(node, 0).map(Math.sqrt), dims)
}

/** `Div` by the deviation: the normalisation, before its scale and shift. */
export const normalisedStep = (node: NodeReader): Value | undefined => {
  const [centred, deviation] = [momentIn(node, 0, 'centred'), momentIn(node, 1, 'deviation')]
  if (!centred || !deviation || centred.of !== deviation.of) return undefined
  const { epsilon } = deviation
  if (!(epsilon > 0)) node.refuse('a normalisation with ε > 0', `ε = ${epsilon}`)
  const before = draftOf(centred.of, 'arranged')
  const source = node.withInputs([before?.source ?? centred.of]).activations(0)
  const count = source.shape.kind === 'image' ? source.shape.channels : source.shape.features
  node.budget.allocate(16 * count, 'the scales of its channels')
  const [scale, shift] = [new Float64Array(count).fill(1), new Float64Array(count)]
  const draft = normDraft(node, source, { type: 'layerNorm' }, { epsilon, scale, shift })
  return before ? arranged(node, { ...before, source: draft }) : draft
}
