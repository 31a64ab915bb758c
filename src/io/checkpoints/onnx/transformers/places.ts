import { fourierFeatures } from '../../../../models/architecture/tokenSizes.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { floatsOf, shapeText } from '../graph/tensor.js'
import { lazyTensor, stateTensor } from '../graph/tensors.js'
import type { Value } from '../graph/value.js'
import { activations, draftOf } from '../values/drafts.js'
import { isNumbers } from '../values/numbers.js'

/** The largest difference of features: files hold them in float32. */
const TOLERANCE = 1e-5

/** `Conv` of the features of each pixel's place, which the file holds. */
export const placesStep = (node: NodeReader): Value | undefined => {
  if (!isNumbers(node.value(0))) return undefined
  const places = node.constant(0)
  const weight = node.constant(1)
  const [n = 0, features = 0, height = 0, width = 0] = places.dims
  const [, own, down, across] = weight.dims
  const isFit = n === 1 && features % 4 === 0 && features > 0 && own === features && down === 1 && across === 1
  if (places.dims.length !== 4 || !isFit)
    return node.refuse('a convolution of activations', `one of ${node.described(0)}`)
  node.budget.allocate(16 * features * height * width, 'the features of places')
  node.budget.work(16 * features * height * width, 'the features of places')
  const wanted = fourierFeatures(features, { kind: 'image', height, width, channels: features })
  const isOurs = floatsOf(places).every((value, i) => {
    const one = wanted[i % (height * width)]?.[Math.floor(i / (height * width))] ?? Number.NaN
    return Math.abs(value - one) <= TOLERANCE
  })
  if (!isOurs) return node.refuse('sines and cosines of places, as of an XCiT', node.described(0))
  return {
    kind: 'draft',
    draft: 'places',
    weight,
    bias: node.optional(2) ? node.constant(2) : undefined,
    height,
    width,
    settle: () => node.refuse('a sum with activations', 'another use of the features of places'),
  }
}

/** `Add` of a combination of the features of each pixel's place. */
export const placedStep = (node: NodeReader): Value | undefined => {
  const at = node.count === 2 ? [0, 1].findIndex((i) => draftOf(node.value(i), 'places')) : -1
  const places = at === -1 ? undefined : draftOf(node.value(at), 'places')
  if (!places) return undefined
  const source = node.activations(1 - at)
  const { weight, bias, height, width } = places
  const [channels = 0, features = 0] = weight.dims
  const { shape } = source
  if (shape.kind !== 'image' || shape.height !== height || shape.width !== width || shape.channels !== channels)
    return node.refuse(`an image of ${height} x ${width} x ${channels}`, node.described(1 - at))
  if (bias && shapeText(bias.dims) !== shapeText([channels])) return node.refuse('a bias for each channel', 'another')
  const name = node.layerName(weight.name)
  const own = {
    weight: stateTensor(weight),
    bias: bias ? stateTensor(bias) : lazyTensor([channels], () => new Float32Array(channels)),
  }
  return activations(node.builder.add({ type: 'fourierPositions', name, features }, [source], node.origin(name), own))
}
