import { imageSize } from '../../dsl/dataset.js'
import { rejectOption } from '../../dsl/errors.js'
import type { GivenValue, Layer } from '../layers/layer.js'
import { stdBounds, wrongUnits } from '../layers/normalisationUnits.js'
import { resizeModes } from '../layers/resizing.js'
import { channelsIn, joined, pooledChannels, product, rounded, selected, shapeWords } from './channelShapes.js'
import { checkConvolution, cropped, enlarged, padded, pooled, windowed } from './imageSizes.js'
import { attended, covaried, partsOf } from './mixedChannels.js'
import { isListed, type Shape } from './spread.js'

/** The shape of one example's activations: an image, or a vector, with the image it was flattened from if any. */
export type NodeShape = Shape

type ImageNode = Extract<NodeShape, { kind: 'image' }>

const givenValues: readonly GivenValue[] = ['noise', 'labels']

/**
 * Shape of a layer's output.
 *
 * @throws OptionError if the layer can't take these inputs, or one of its numbers is out of range
 */
export const inferShape = (where: string, id: string, layer: Layer, inputs: readonly NodeShape[]): NodeShape => {
  const [first] = inputs
  const refuse = (expected: string, actual: string): never => rejectOption(where, `${expected} for "${id}"`, actual)
  const image = (): ImageNode =>
    first?.kind === 'image' && inputs.length === 1 ? first : refuse('one image', shapeWords(first))
  const anImage = (shape: NodeShape): ImageNode =>
    shape.kind === 'image' ? shape : refuse('images', shapeWords(shape))
  const positive = (option: string, value: number): void => {
    if (!Number.isInteger(value) || value < 1) refuse(`a whole ${option} >= 1`, String(value))
  }
  const asked = { image, refuse, positive }
  const aboveZero = (option: string, value = 1): void => {
    if (!(value > 0 && value < Infinity)) refuse(`a finite ${option} > 0`, String(value))
  }
  switch (layer.type) {
    case 'convTranspose2d':
      checkConvolution(asked, layer)
      return { kind: 'image', ...enlarged(asked, layer), channels: layer.out }
    case 'conv2d':
      checkConvolution(asked, layer)
      return {
        kind: 'image',
        ...windowed(asked, layer),
        channels: layer.out,
      }
    case 'maxPool2d':
    case 'avgPool2d':
      return { kind: 'image', ...pooled(asked, layer), channels: image().channels }
    case 'pad2d':
      return { kind: 'image', ...padded(asked, layer), channels: image().channels }
    case 'crop2d':
      return { kind: 'image', ...cropped(asked, layer), channels: image().channels }
    case 'resize2d': {
      const { height, width, mode } = layer
      for (const extent of [height, width]) positive('extent', extent)
      if (!resizeModes.includes(mode)) refuse(`a mode among ${resizeModes.join(', ')}`, String(mode))
      return { kind: 'image', height, width, channels: image().channels }
    }
    case 'normalize': {
      const { channels } = image()
      for (const [what, values] of [
        ['a mean', layer.mean],
        ['a std', layer.std],
      ] as const)
        if (values.length !== channels) refuse(`${what} for each of ${channels} channels`, values.join(', ') || 'none')
      const wrong = wrongUnits(layer)
      if (wrong !== undefined) refuse(`a mean in [0, 1] and a std in [${stdBounds.least}, ${stdBounds.most}]`, wrong)
      return image()
    }
    case 'batchNorm2d':
    case 'affine2d':
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'layerScale':
      if (layer.tensor === 'image') return image()
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'layerNorm':
      aboveZero('epsilon', layer.epsilon)
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'groupNorm':
      aboveZero('epsilon', layer.epsilon)
      positive('number of groups', layer.groups)
      if (image().channels % layer.groups !== 0)
        refuse(`groups that divide ${image().channels} channels`, `${layer.groups}`)
      return image()
    case 'linear':
      positive('number of outputs', layer.out)
      if (first?.kind !== 'vector' || inputs.length !== 1)
        return refuse('one vector (add flatten())', shapeWords(first))
      return { kind: 'vector', features: layer.out }
    case 'flatten': {
      const { height, width, channels } = image()
      const features = height * width * channels
      if (layer.order === 'channels') return { kind: 'vector', features }
      return { kind: 'vector', features, flattenedFrom: { height, width, channels } }
    }
    case 'unflatten': {
      const { height, width, channels } = layer
      for (const extent of [height, width, channels]) positive('extent', extent)
      const numbers = height * width * channels
      if (first?.kind !== 'vector' || inputs.length !== 1 || !isListed(first) || first.features !== numbers)
        return refuse(`a vector of ${numbers} that is not a flattened image`, shapeWords(first))
      return { kind: 'image', height, width, channels }
    }
    case 'prelu':
      if (layer.slopes !== 'one' && layer.slopes !== 'each') refuse('slopes among one, each', String(layer.slopes))
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'relu':
    case 'activation':
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'add':
      if (!first || inputs.length < 2) return refuse('at least two inputs', `${inputs.length}`)
      for (const other of inputs)
        if (shapeWords(other) !== shapeWords(first)) refuse(shapeWords(first), shapeWords(other))
      return first
    case 'concat':
      return joined(inputs, refuse)
    case 'selectChannels':
      return selected(
        layer.channels,
        first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`),
        refuse,
      )
    case 'multiply':
      return product(inputs, refuse)
    case 'scale':
      if (!Number.isFinite(layer.factor)) refuse('a finite factor', String(layer.factor))
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'fakeQuantize':
      return rounded(layer, first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`), refuse)
    case 'attention':
      return attended(layer, inputs.map(anImage), refuse)
    case 'classToken':
      return { kind: 'image', height: image().height * image().width + 1, width: 1, channels: image().channels }
    case 'positionEmbedding':
      return image()
    case 'takeToken': {
      const { height, width, channels } = image()
      if (!Number.isInteger(layer.token) || layer.token < 0 || layer.token >= height * width)
        refuse(`a token from 0 to ${height * width - 1}`, String(layer.token))
      return { kind: 'vector', features: channels }
    }
    case 'unitNorm':
      return first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
    case 'standardize':
      return image()
    case 'crossCovariance':
      return covaried(layer, inputs.map(anImage), refuse)
    case 'fourierPositions':
      if (!(Number.isInteger(layer.features) && layer.features >= 4 && layer.features % 4 === 0))
        refuse('a multiple of 4 features, >= 4', String(layer.features))
      return image()
    case 'softmax': {
      const shape = first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`)
      if (layer.parts !== undefined && !isListed(shape))
        refuse('an image, or a vector that is not one', 'a flattened image')
      partsOf(layer, channelsIn(shape), refuse)
      return shape
    }
    case 'poolChannels':
      return pooledChannels(
        layer,
        first && inputs.length === 1 ? first : refuse('one input', `${inputs.length}`),
        refuse,
      )
    case 'given':
      positive('number of values', layer.out)
      if (!givenValues.includes(layer.value)) refuse(`a value among ${givenValues.join(', ')}`, String(layer.value))
      if (inputs.length > 0) refuse('no inputs', `${inputs.length}`)
      return { kind: 'vector', features: layer.out }
    case 'sample':
      if (first?.kind !== 'vector') return refuse('a vector as the mean', shapeWords(first))
      if (inputs.length < 2 || inputs.length > 3) refuse('two or three inputs', `${inputs.length}`)
      for (const other of inputs)
        if (shapeWords(other) !== shapeWords(first)) refuse(shapeWords(first), shapeWords(other))
      return first
  }
}

/** Numbers of an image, or features of a vector. */
export const numbersIn = (shape: NodeShape): number => (shape.kind === 'image' ? imageSize(shape) : shape.features)
