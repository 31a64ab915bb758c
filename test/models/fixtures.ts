import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { sigmoid, silu } from '../../src/models/layers/activations.js'
import {
  concat,
  layerScale,
  multiply,
  poolChannels,
  selectChannels,
  softmax,
} from '../../src/models/layers/channelLayers.js'
import {
  add,
  avgPool2d,
  batchNorm2d,
  conv2d,
  flatten,
  linear,
  maxPool2d,
  relu,
} from '../../src/models/layers/layers.js'
import { standardize, unitNorm } from '../../src/models/layers/normalisations.js'
import { crop2d, unflatten } from '../../src/models/layers/reshaping.js'
import { resize2d } from '../../src/models/layers/resizing.js'
import { attention, crossCovariance, fourierPositions } from '../../src/models/layers/tokens.js'

/** A small network with every type of layer and two shortcuts. */
export const shortcut: Architecture = architecture('shortcut', { height: 7, width: 7, channels: 2 }, [
  conv2d('stem', { out: 4, kernel: 3, padding: 1 }),
  relu({ id: 'trunk' }),
  conv2d('left', { out: 4, kernel: 3, padding: 1 }),
  relu(),
  conv2d('right', { out: 4, kernel: 3, padding: 1 }),
  add(['right', 'trunk'], { id: 'sum' }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('narrow', { out: 5, kernel: 3, padding: 2, stride: 2 }),
  avgPool2d({ kernel: 2, stride: 1 }),
  flatten({ id: 'features' }),
  linear('wide', { out: 20 }),
  relu(),
  add(['features', 'relu-12'], { id: 'both' }),
  linear('head', { out: 3 }),
])

/**
 * Batch normalisation in every place: after a convolution without and one with a bias, before a ReLU and before a sum,
 * after a pooling, and after a convolution that has another reader. The last two can't be folded.
 */
export const normalised: Architecture = architecture('normalised', { height: 6, width: 6, channels: 2 }, [
  conv2d('conv1', { out: 4, kernel: 3, padding: 1, bias: 'none' }),
  batchNorm2d('bn1'),
  relu({ id: 'trunk' }),
  conv2d('conv2', { out: 4, kernel: 3, padding: 1 }),
  batchNorm2d('bn2'),
  add(['bn2', 'trunk'], { id: 'sum' }),
  relu(),
  conv2d('shared', { out: 3, kernel: 1, stride: 2, bias: 'none' }),
  batchNorm2d('bn3'),
  relu({ id: 'late' }),
  add(['shared', 'late']),
  maxPool2d({ kernel: 3, stride: 2 }),
  batchNorm2d('bn4'),
  relu(),
  flatten(),
  linear('head', { out: 3 }),
])

/** Concatenated, shuffled and split channels, squeeze-and-excitation, and a shortcut with channels of zeros. */
export const woven: Architecture = architecture('woven', { height: 6, width: 6, channels: 2 }, [
  conv2d('left', { out: 4, kernel: 1 }),
  relu({ id: 'leftOn' }),
  conv2d('right', { inputs: ['input'], out: 4, kernel: 1 }),
  relu({ id: 'rightOn' }),
  concat(['leftOn', 'rightOn'], { id: 'both' }),
  selectChannels({ id: 'shuffled', channels: [0, 4, 1, 5, 2, 6, 3, 7] }),
  selectChannels({ id: 'first', channels: [0, 1, 2, 3] }),
  conv2d('on', { out: 6, kernel: 1 }),
  relu({ id: 'image' }),
  avgPool2d({ kernel: 6 }),
  conv2d('gate', { out: 6, kernel: 1 }),
  sigmoid({ id: 'gated' }),
  multiply(['image', 'gated'], { id: 'weighed' }),
  selectChannels({ id: 'wide', inputs: ['shuffled'], channels: [-1, 6, 7, 4, 5, -1] }),
  add(['weighed', 'wide']),
  conv2d('end', { out: 3, kernel: 1 }),
  relu(),
  avgPool2d({ kernel: 6 }),
  flatten(),
  linear('head', { out: 3 }),
])

/** Alternating depth-wise and point-wise convolutions with a shortcut, as in MobileNetV2. */
export const separable: Architecture = architecture('separable', { height: 8, width: 8, channels: 2 }, [
  conv2d('stem', { out: 8, kernel: 3, padding: 1, bias: 'none' }),
  batchNorm2d('bn0'),
  relu({ id: 'trunk' }),
  conv2d('expand', { out: 12, kernel: 1, bias: 'none' }),
  batchNorm2d('bn1'),
  relu(),
  conv2d('depthwise', { out: 12, kernel: 3, padding: 1, bias: 'none', groups: 12 }),
  batchNorm2d('bn2'),
  relu(),
  conv2d('project', { out: 8, kernel: 1, bias: 'none' }),
  batchNorm2d('bn3'),
  add(['bn3', 'trunk'], { id: 'sum' }),
  conv2d('down', { out: 8, kernel: 3, padding: 1, stride: 2, groups: 8 }),
  relu(),
  avgPool2d({ kernel: 4 }),
  flatten(),
  linear('head', { out: 3 }),
])

/** A bottleneck whose middle has groups of two channels, as in ResNeXt. */
export const aggregated: Architecture = architecture('aggregated', { height: 6, width: 6, channels: 2 }, [
  conv2d('reduce', { out: 8, kernel: 1 }),
  relu({ id: 'start' }),
  conv2d('middle', { out: 12, kernel: 3, padding: 1, groups: 4 }),
  relu(),
  conv2d('expand', { out: 5, kernel: 1 }),
  relu(),
  flatten(),
  linear('head', { out: 3 }),
])

/** An XCiT's block, and shares of channels. */
export const covariance: Architecture = architecture('covariance', { height: 3, width: 2, channels: 4 }, [
  standardize(),
  fourierPositions('places', { features: 8 }),
  relu({ id: 'seen' }),
  conv2d('queries', { out: 4, kernel: 1 }),
  unitNorm({ id: 'q', over: 'pixels' }),
  conv2d('keys', { inputs: ['seen'], out: 4, kernel: 1 }),
  unitNorm({ id: 'k', over: 'pixels' }),
  crossCovariance('temperature', ['q', 'k', 'seen'], { heads: 2 }),
  relu(),
  layerScale('gamma'),
  relu({ id: 'scaled' }),
  softmax({ parts: 2, id: 'shares' }),
  multiply(['shares', 'scaled']),
  softmax(),
  unitNorm(),
  avgPool2d({ kernel: [3, 2] }),
  flatten(),
  unitNorm(),
  layerScale('beta'),
  softmax({ id: 'weights' }),
  linear('last', { out: 3 }),
])

/** Vectors that become images and tokens, images without their sides, and vectors that are joined. */
export const reshaped: Architecture = architecture('reshaped', { height: 4, width: 3, channels: 2 }, [
  conv2d('stem', { out: 3, kernel: 3, padding: 1 }),
  relu({ id: 'trunk' }),
  crop2d({ top: 1, left: 1, right: 1, id: 'middle' }),
  flatten({ order: 'channels', id: 'listed' }),
  linear('features', { out: 12, inputs: ['listed'] }),
  relu({ id: 'seen' }),
  unflatten({ channels: 3, height: 2, width: 2, id: 'image' }),
  conv2d('again', { out: 2, kernel: 2, padding: 1 }),
  crop2d({ bottom: 2, id: 'row' }),
  flatten({ order: 'channels', id: 'first' }),
  unflatten({ channels: 4, height: 3, order: 'pixels', inputs: ['seen'], id: 'tokens' }),
  conv2d('keys', { out: 4, kernel: 1 }),
  attention(['tokens', 'keys', 'tokens'], { heads: 2 }),
  flatten({ order: 'channels', id: 'second' }),
  concat(['first', 'second', 'listed']),
  linear('last', { out: 3 }),
])

/** Images of other sizes, and the largest and the mean of channels. */
export const pooledChannels: Architecture = architecture('pooledChannels', { height: 4, width: 3, channels: 2 }, [
  conv2d('stem', { out: 6, kernel: 3, padding: 1 }),
  silu(),
  resize2d({ height: 7, width: 2, mode: 'bilinear', id: 'resized' }),
  poolChannels({ of: 'max', id: 'max' }),
  poolChannels({ of: 'mean', inputs: ['resized'], id: 'mean' }),
  poolChannels({ of: 'max', parts: 3, inputs: ['resized'], id: 'maxout' }),
  resize2d({ height: 14, width: 4, inputs: ['maxout'], id: 'twice' }),
  resize2d({ height: 7, width: 2, mode: 'bilinearCorners', id: 'back' }),
  concat(['max', 'mean', 'back', 'maxout']),
  conv2d('last', { out: 4, kernel: 2 }),
  flatten(),
  linear('features', { out: 8 }),
  relu(),
  poolChannels({ of: 'max', parts: 2 }),
  relu(),
  linear('logits', { out: 3 }),
])
