import { rejectOption } from '../../dsl/errors.js'
import { dispatch } from '../../dsl/kit/dispatch.js'
import type { Architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'

/** What a layer of a network in use is to linear bounds: an affine function of its inputs, a ReLU, or neither. */
type Bounded = 'affine' | 'relu' | 'other'

const always = (kind: Bounded) => (): Bounded => kind

const boundedAs = dispatch<Layer, [], Bounded>({
  normalize: always('affine'),
  conv2d: always('affine'),
  convTranspose2d: always('affine'),
  // Folded into a layer before it in a network in use, or an affine layer there.
  batchNorm2d: always('other'),
  layerNorm: always('other'),
  groupNorm: always('other'),
  affine2d: always('affine'),
  layerScale: always('affine'),
  linear: always('affine'),
  relu: always('relu'),
  activation: always('other'),
  prelu: always('other'),
  maxPool2d: always('other'),
  avgPool2d: always('affine'),
  pad2d: always('affine'),
  crop2d: always('affine'),
  resize2d: always('other'),
  unflatten: always('affine'),
  flatten: always('affine'),
  add: always('affine'),
  concat: always('affine'),
  selectChannels: always('affine'),
  multiply: always('other'),
  scale: always('affine'),
  fakeQuantize: always('other'),
  attention: always('other'),
  classToken: always('affine'),
  positionEmbedding: always('affine'),
  takeToken: always('affine'),
  unitNorm: always('other'),
  crossCovariance: always('other'),
  fourierPositions: always('affine'),
  softmax: always('other'),
  standardize: always('other'),
  poolChannels: always('other'),
  given: always('other'),
  sample: always('other'),
})

/** Whether the layer is a ReLU. */
export const isRelu = (layer: Layer): boolean => boundedAs(layer) === 'relu'

/**
 * Refuses a network that linear bounds don't cover.
 *
 * @throws OptionError that names the layers
 */
export const checkBounded = (stage: string, { nodes }: Architecture): void => {
  const others = nodes.filter(({ layer }) => boundedAs(layer) === 'other')
  if (others.length === 0) return
  const named = [...new Set(others.map(({ layer }) => layer.type))].map((type) => {
    const [first] = others.filter(({ layer }) => layer.type === type)
    return `${type} ("${first?.id}")`
  })
  rejectOption(
    stage,
    'a network of ReLU and of layers that are affine: convolutions, linear layers, sums, average pools',
    named.join(', '),
  )
}
