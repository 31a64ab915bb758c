import { standardOf } from '../../../../models/architecture/mixedChannels.js'
import { numbersIn } from '../../../../models/architecture/shapes.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { countOf, doublesOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { channelPool } from '../transformers/channelPooling.js'
import { channelsAlong } from '../values/anyOrder.js'
import { arranged } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
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

type Moment = Extract<Value, { readonly draft: 'moment' }>

/** The next step of a normalisation. */
const moment = (
  node: NodeReader,
  stage: Stage,
  { of, over, epsilon = 0, factor = 1, least = 0 }: Pick<Moment, 'of' | 'over'> & Partial<Moment>,
): Value => ({
  kind: 'draft',
  draft: 'moment',
  stage,
  of,
  over,
  epsilon,
  factor,
  least,
  settle: once(() => {
    // The mean of the channels may be all that a network wants.
    const isMean = stage === 'mean' && over === 'channels'
    const pooled = isMean ? channelPool('mean')(node.withInputs([of, node.optional(1)])) : undefined
    return pooled
      ? node.withInputs([pooled]).activations(0)
      : node.refuse(
          'a normalisation (x − mean) / √(variance + ε) of each pixel',
          `its ${stage}, read as a layer’s output`,
        )
  }),
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
  if (isNumbers(of) || node.integer('keepdims') === 0) return undefined
  const over = overIn(node.withInputs([of]), axes)
  if (over === undefined || (squares && squares.over !== over)) return undefined
  return moment(node, squares ? 'variance' : 'mean', { of, over })
}

const overIn = (node: NodeReader, axes: readonly number[]): Moment['over'] | undefined => {
  if (isChannelAxis(node, axes)) return 'channels'
  const rank = draftOf(node.value(0), 'arranged')?.dims.length ?? 3
  const along = axes.length === 3 && rank === 3 ? axes.map((axis) => fromFront(node, axis, 4)) : []
  return along.toSorted().join() === '1,2,3' ? 'image' : undefined
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
  return mean && node.value(0) === mean.of ? moment(node, 'centred', mean) : undefined
}

/** `Pow` by 2, or `Mul` by itself. */
export const squaresStep = (node: NodeReader): Value | undefined => {
  const centred = momentIn(node, 0, 'centred')
  if (!centred) return undefined
  const other = node.value(1)
  const isSquare = isNumbers(other) ? oneNumber(node, 1) === 2 : momentIn(node, 1, 'centred')?.of === centred.of
  return isSquare ? moment(node, 'squares', centred) : undefined
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
  if (epsilon === undefined || variance.over !== 'channels') return undefined
  return moment(node, 'variance', { ...variance, epsilon: variance.epsilon + epsilon })
}

/** `Mul` or `Div` of the variance of an image by one number. */
export const varianceStep =
  (combine: (factor: number, by: number) => number) =>
  (node: NodeReader): Value | undefined => {
    const [at, other] = momentIn(node, 0, 'variance') ? [0, 1] : [1, 0]
    const variance = momentIn(node, at, 'variance')
    if (variance?.over !== 'image' || (at === 1 && node.operator === 'Div') || !isNumbers(node.value(other)))
      return undefined
    const by = oneNumber(node, other)
    return by === undefined
      ? undefined
      : moment(node, 'variance', { ...variance, factor: combine(variance.factor, by) })
  }

/** `Max` of the deviation of an image and one number. */
export const leastDeviationStep = (node: NodeReader): Value | undefined => {
  const [at, other] = momentIn(node, 0, 'deviation') ? [0, 1] : [1, 0]
  const deviation = momentIn(node, at, 'deviation')
  const least = deviation && node.count === 2 && isNumbers(node.value(other)) ? oneNumber(node, other) : undefined
  return deviation?.over === 'image' && least !== undefined
    ? moment(node, 'deviation', { ...deviation, least })
    : undefined
}

/** `Sqrt` of the variance, or of numbers. */
export const squareRoot = (node: NodeReader): Value => {
  const variance = momentIn(node, 0, 'variance')
  if (variance) return moment(node, 'deviation', variance)
  if (!areNumbers(node)) return elementwise(Math.sqrt)(node)
  const { dims } = node.constant(0)
  return computed(node, 'F32', knownIn(node, 0).map(Math.sqrt), dims)
}

/** `Div` by the deviation: the normalisation, before its scale and shift. */
export const normalisedStep = (node: NodeReader): Value | undefined => {
  const [centred, deviation] = [momentIn(node, 0, 'centred'), momentIn(node, 1, 'deviation')]
  if (!centred || !deviation || centred.of !== deviation.of) return undefined
  if (deviation.over === 'image') return standardised(node, deviation)
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

/** Each image with mean 0 and standard deviation 1. */
const standardised = (node: NodeReader, { of, factor, least }: Moment): Value => {
  const before = draftOf(of, 'arranged')
  const source = node.withInputs([before?.source ?? of]).activations(0)
  const wanted = standardOf(numbersIn(source.shape))
  const isNear = (value: number, other: number): boolean => Math.abs(value - other) <= 1e-6 * value
  if (!(isNear(factor, wanted.factor) && isNear(least, wanted.least)))
    node.refuse(
      '(x − mean) / max(σ, 1/√n) of an image, with the unbiased standard deviation of its n numbers',
      `the variance times ${factor}, and a deviation of at least ${least}`,
    )
  const output = activations(node.builder.add({ type: 'standardize' }, [source], node.originOf('standardize')))
  return before ? arranged(node, { ...before, source: output }) : output
}
