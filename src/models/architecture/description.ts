import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PwoaFailure } from '../../dsl/errors.js'
import { codecOf, wordCodec } from '../../dsl/kit/codecOf.js'
import type { Extent } from '../../dsl/kit/extent.js'
import { parseJsonOnce } from '../../dsl/kit/repeatedKey.js'
import { wrongField } from '../../dsl/kit/wrongField.js'
import { integerTypes } from '../layers/fakeQuantize.js'
import type { Layer } from '../layers/layer.js'
import { resizeModes } from '../layers/resizing.js'
import { type Architecture, architecture, layersOf } from './architecture.js'

const placed = { id: t.string, inputs: t.array(t.string) }
const named = { ...placed, name: t.string }

const isExtent = (value: unknown): value is Extent =>
  typeof value === 'number' ||
  (Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'number'))

/** A codec for numbers of pixels; whether they are whole and within bounds is checked with the shapes. */
const extent = codecOf('a number of pixels, or two: [height, width]', isExtent)

const pooling = { ...placed, kernel: extent, stride: extent }
const padded = { padding: extent, ceilMode: t.boolean }

const isFinite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const finite = codecOf('a finite number', isFinite)
const aboveZero = codecOf('a finite number > 0', (value): value is number => isFinite(value) && value > 0)

/** A codec for the functions of activations. */
const nonlinearity = t.union([
  t.strict({
    type: wordCodec('a function', ['silu', 'sigmoid', 'tanh', 'relu6', 'hardSigmoid', 'hardSwish', 'mish']),
  }),
  t.strict({ type: t.literal('gelu'), approximate: wordCodec('an approximation', ['none', 'tanh']) }),
  t.strict({ type: t.literal('leakyRelu'), slope: finite }),
  t.strict({ type: t.literal('elu'), alpha: aboveZero }),
  t.strict({ type: t.literal('softplus'), beta: aboveZero }),
])

/** A codec for each type of layer. */
const layers = {
  normalize: t.strict({ type: t.literal('normalize'), ...placed, mean: t.array(t.number), std: t.array(t.number) }),
  conv2d: t.exact(
    t.intersection([
      t.type({
        type: t.literal('conv2d'),
        ...named,
        out: t.number,
        kernel: extent,
        stride: extent,
        padding: extent,
        bias: t.keyof({ learned: null, none: null }),
      }),
      t.partial({ groups: t.number, dilation: extent }),
    ]),
  ),
  convTranspose2d: t.exact(
    t.intersection([
      t.type({
        type: t.literal('convTranspose2d'),
        ...named,
        out: t.number,
        kernel: extent,
        stride: extent,
        padding: extent,
        bias: t.keyof({ learned: null, none: null }),
      }),
      t.partial({ groups: t.number, dilation: extent, outputPadding: extent }),
    ]),
  ),
  batchNorm2d: t.strict({ type: t.literal('batchNorm2d'), ...named }),
  layerNorm: t.exact(
    t.intersection([t.type({ type: t.literal('layerNorm'), ...named }), t.partial({ epsilon: aboveZero })]),
  ),
  groupNorm: t.exact(
    t.intersection([
      t.type({ type: t.literal('groupNorm'), ...named, groups: t.number }),
      t.partial({ epsilon: aboveZero }),
    ]),
  ),
  affine2d: t.strict({ type: t.literal('affine2d'), ...named }),
  layerScale: t.exact(
    t.intersection([
      t.type({ type: t.literal('layerScale'), ...named }),
      t.partial({ tensor: wordCodec('the shape of a tensor', ['image']) }),
    ]),
  ),
  linear: t.strict({ type: t.literal('linear'), ...named, out: t.number }),
  activation: t.strict({ type: t.literal('activation'), ...placed, function: nonlinearity }),
  prelu: t.strict({ type: t.literal('prelu'), ...named, slopes: wordCodec('how many slopes', ['one', 'each']) }),
  relu: t.strict({ type: t.literal('relu'), ...placed }),
  maxPool2d: t.exact(t.intersection([t.type({ type: t.literal('maxPool2d'), ...pooling }), t.partial(padded)])),
  avgPool2d: t.exact(
    t.intersection([
      t.type({ type: t.literal('avgPool2d'), ...pooling }),
      t.partial({ ...padded, countIncludePad: t.boolean }),
    ]),
  ),
  pad2d: t.exact(
    t.intersection([
      t.type({ type: t.literal('pad2d'), ...placed, top: t.number, bottom: t.number, left: t.number, right: t.number }),
      t.partial({ value: finite, mode: wordCodec('a mode', ['reflect', 'replicate', 'circular']) }),
    ]),
  ),
  crop2d: t.strict({
    type: t.literal('crop2d'),
    ...placed,
    top: t.number,
    bottom: t.number,
    left: t.number,
    right: t.number,
  }),
  resize2d: t.strict({
    type: t.literal('resize2d'),
    ...placed,
    height: t.number,
    width: t.number,
    mode: wordCodec('a mode', resizeModes),
  }),
  flatten: t.exact(
    t.intersection([
      t.type({ type: t.literal('flatten'), ...placed }),
      t.partial({ order: wordCodec('an order', ['channels']) }),
    ]),
  ),
  unflatten: t.strict({
    type: t.literal('unflatten'),
    ...placed,
    height: t.number,
    width: t.number,
    channels: t.number,
    order: wordCodec('an order', ['channels', 'pixels']),
  }),
  add: t.strict({ type: t.literal('add'), ...placed }),
  concat: t.strict({ type: t.literal('concat'), ...placed }),
  selectChannels: t.strict({ type: t.literal('selectChannels'), ...placed, channels: t.array(t.number) }),
  multiply: t.strict({ type: t.literal('multiply'), ...placed }),
  scale: t.strict({ type: t.literal('scale'), ...placed, factor: finite }),
  fakeQuantize: t.strict({
    type: t.literal('fakeQuantize'),
    ...placed,
    scale: t.array(aboveZero),
    zeroPoint: t.array(t.number),
    integers: wordCodec('a type of integers', integerTypes),
  }),
  attention: t.exact(
    t.intersection([
      t.type({ type: t.literal('attention'), ...placed, heads: t.number }),
      t.partial({ scale: aboveZero }),
    ]),
  ),
  classToken: t.strict({ type: t.literal('classToken'), ...named }),
  positionEmbedding: t.strict({ type: t.literal('positionEmbedding'), ...named }),
  takeToken: t.strict({ type: t.literal('takeToken'), ...placed, token: t.number }),
  unitNorm: t.strict({
    type: t.literal('unitNorm'),
    ...placed,
    over: wordCodec('what has length 1', ['channels', 'pixels']),
  }),
  crossCovariance: t.strict({ type: t.literal('crossCovariance'), ...named, heads: t.number }),
  fourierPositions: t.strict({ type: t.literal('fourierPositions'), ...named, features: t.number }),
  softmax: t.exact(t.intersection([t.type({ type: t.literal('softmax'), ...placed }), t.partial({ parts: t.number })])),
  poolChannels: t.exact(
    t.intersection([
      t.type({ type: t.literal('poolChannels'), ...placed, of: wordCodec('what is pooled', ['max', 'mean']) }),
      t.partial({ parts: t.number }),
    ]),
  ),
  standardize: t.strict({ type: t.literal('standardize'), ...placed }),
  given: t.strict({
    type: t.literal('given'),
    ...placed,
    value: t.keyof({ noise: null, labels: null }),
    out: t.number,
  }),
  sample: t.strict({ type: t.literal('sample'), ...placed }),
} satisfies { readonly [K in Layer['type']]: t.Decoder<unknown, Extract<Layer, { readonly type: K }>> }

const Image = t.strict({ height: t.number, width: t.number, channels: t.number })
const LayerType = t.type({ type: t.keyof(layers) })
const Description = t.type({ name: t.string, input: Image, layers: t.array(t.unknown) })

/** A network's description as JSON: a file that holds it beside the weights needs no further description. */
export const describeArchitecture = (architecture: Architecture): string =>
  JSON.stringify({ name: architecture.name, input: architecture.input, layers: layersOf(architecture) })

/** What is wrong with a description in a file. */
export interface WrongDescription {
  readonly expected: string
  readonly actual: string
}

/** Reads a description of a network. @returns left if it is not JSON, has an unknown layer, or its layers don't fit */
export const described = (text: string): Either<WrongDescription, Architecture> => {
  const description = Description.decode(parseJsonOnce(text))
  if (isLeft(description)) return left({ expected: 'the description of a network', actual: text.slice(0, 60) })
  const { name, input, layers: given } = description.right
  const known: Layer[] = []
  for (const [index, layer] of given.entries()) {
    const decoded = layerOf(layer, index + 1)
    if (isLeft(decoded)) return decoded
    known.push(decoded.right)
  }
  try {
    return right(architecture(name, input, known))
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return left(thrown.error)
    throw thrown
  }
}

/** @param place of the layer in the network, from 1 */
const layerOf = (value: unknown, place: number): Either<WrongDescription, Layer> => {
  const known = LayerType.decode(value)
  if (isLeft(known)) {
    const actual = JSON.stringify(value).slice(0, 80)
    return left({ expected: `layer ${place} to be one of ${Object.keys(layers).join(', ')}`, actual })
  }
  const { type } = known.right
  const decoded: Either<t.Errors, Layer> = layers[type].decode(value)
  if (isRight(decoded)) return decoded
  const { path, expected, actual } = wrongField(decoded.left)
  return left({ expected: `layer ${place} (${type}) to have ${expected} as "${path}"`, actual })
}
