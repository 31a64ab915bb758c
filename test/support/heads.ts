/** Networks with a stochastic head, as the stages make them. */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../../src/engine/tf.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import type { GivenTensors } from '../../src/models/forward/forward.js'
import { givenLayers } from '../../src/models/head/head.js'
import { type Head, withHead } from '../../src/models/head/withHead.js'
import { given, linear, sample } from '../../src/models/layers/layers.js'
import { normalisedNet, tinyNet } from './context.js'
import { seededNumbers } from './numbers.js'

export const SIZE = 5

/** The head of `vib`. */
export const learnedVariance: Head = {
  name: 'vib',
  size: SIZE,
  layers: (features) => [
    linear('vib.mean', { inputs: [features], out: SIZE }),
    linear('vib.logVariance', { inputs: [features], out: SIZE }),
    given('noise', { id: 'vib.noise', out: SIZE }),
    sample(['vib.mean', 'vib.logVariance', 'vib.noise'], { id: 'vib' }),
  ],
}

/** The head of `ceb`. */
export const knownClasses: Head = {
  name: 'ceb',
  size: SIZE,
  layers: (features, classes) => [
    linear('ceb.mean', { inputs: [features], out: SIZE }),
    given('labels', { id: 'ceb.labels', out: classes }),
    linear('ceb.classMean', { inputs: ['ceb.labels'], out: SIZE }),
    given('noise', { id: 'ceb.noise', out: SIZE }),
    sample(['ceb.mean', 'ceb.noise'], { id: 'ceb' }),
  ],
}

export const headed: Readonly<Record<string, Architecture>> = {
  'a head of learned variance': withHead(tinyNet, learnedVariance),
  'the same behind batch normalisation': withHead(normalisedNet, learnedVariance),
  'a head that knows classes': withHead(tinyNet, knownClasses),
  'that one behind batch normalisation': withHead(normalisedNet, knownClasses),
}

/** Noise for n examples, and labels. */
export const givenFor = (net: Architecture, n: number, seed = 8): GivenTensors =>
  Object.fromEntries(
    givenLayers(net).map(({ value, out }): [string, Tensor2D] => [
      value,
      value === 'noise'
        ? tf.tensor2d(
            seededNumbers(seed, n * out).map((x) => 2 * x),
            [n, out],
          )
        : tf.tensor2d(
            Float32Array.from({ length: n * out }, (_, i) => (Math.floor(i / out) % out === i % out ? 1 : 0)),
            [n, out],
          ),
    ]),
  )
