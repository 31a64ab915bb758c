/** Stochastic heads as part of a network: in training, with and without graphs, and in use. */

import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { NetworkOutputs } from '../../../src/dsl/step.js'
import { tf } from '../../../src/engine/tf.js'
import { architecture, layersOf } from '../../../src/models/architecture/architecture.js'
import { compiledNetwork } from '../../../src/models/compiled/compiledNetwork.js'
import { weightGradients } from '../../../src/models/compiled/training/weightGradient.js'
import { foldingOf } from '../../../src/models/forward/folding.js'
import { forward, type GivenTensors, unflatten } from '../../../src/models/forward/forward.js'
import { latentEntries, latentNodes, meanPathOf } from '../../../src/models/head/head.js'
import { withHead } from '../../../src/models/head/withHead.js'
import { withoutHead } from '../../../src/models/head/withoutHead.js'
import { parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { memory, normalisedNet, tinyNet } from '../../support/context.js'
import { gradientError } from '../../support/directional.js'
import { expectEvery } from '../../support/expectEvery.js'
import { givenFor, headed, knownClasses, learnedVariance, SIZE } from '../../support/heads.js'
import { isNative } from '../../support/isNative.js'
import { relativeError, seededNumbers } from '../../support/numbers.js'

/** The sum over a minibatch's parts against the sum over the whole, in float32. */
const ROUNDING = 2e-5

/** Every value and every example has a different gradient. */
const lossOf = ({ logits, hidden, latent = {} }: NetworkOutputs): Scalar =>
  [logits, ...hidden, ...latentEntries(latent).map(([, value]) => value)]
    .map((z) => tf.mean(tf.mul(tf.square(z), tf.tensor(seededNumbers(z.size, z.size), z.shape))) as Scalar)
    .reduce((sum, next) => tf.add(sum, next) as Scalar)

const latentLossOf = ({ latent = {} }: NetworkOutputs): Scalar =>
  latentEntries(latent)
    .map(([name, value]) => tf.mul(tf.mean(tf.square(value)), name.length) as Scalar)
    .reduce((sum, next) => tf.add(sum, next) as Scalar)

describe.each(Object.entries(headed))('%s', (_title, net) => {
  const weightsFor = (): Tensor1D => tf.tensor1d(seededNumbers(3, parameterCount(net)).map((value) => value / 2))
  const imagesFor = (n: number): Tensor4D => tf.tensor4d(seededNumbers(4, n * 64), [n, 8, 8, 1])
  const gradientOf = (
    images: readonly Tensor4D[],
    given: readonly GivenTensors[] | undefined,
    loss: (pass: NetworkOutputs) => Scalar = lossOf,
  ): Float32Array => {
    const [gradient] = weightGradients([{ architecture: net, weights: weightsFor(), images, given }], ([pass]) =>
      pass ? loss(pass) : tf.scalar(0),
    )
    return Float32Array.from(gradient?.dataSync() ?? [])
  }

  if (isNative)
    it.each([1, 3, 19])('has the same outputs by graphs as layer by layer, %d images', (n) => {
      tf.tidy(() => {
        const [weights, images, given] = [weightsFor(), imagesFor(n), givenFor(net, n)]
        const passed = compiledNetwork(net)?.pass(weights, images, given)
        const plain = forward(net, unflatten(net, weights), images, given)
        expect(relativeError(passed?.logits.dataSync() ?? [], plain.logits.dataSync())).toBeLessThan(ROUNDING)
        const values = latentEntries(plain.latent ?? {})
        expect(values.length).toBeGreaterThan(1)
        for (const [name, value] of values) {
          const whole = tf.concat([...(passed?.latent[name] ?? [])])
          expect(whole.shape, name).toEqual([n, SIZE])
          expect(relativeError(whole.dataSync(), value.dataSync()), name).toBeLessThan(ROUNDING)
        }
      })
    })

  it.each([1, 19])('has the same gradients as layer by layer, %d images', (n) => {
    tf.tidy(() => {
      const [weights, images, given] = [weightsFor(), imagesFor(n), givenFor(net, n)]
      for (const loss of [lossOf, latentLossOf, ({ logits }: NetworkOutputs): Scalar => tf.sum(tf.square(logits))]) {
        const plainly = tf.grad((w: Tensor) => loss(forward(net, unflatten(net, w as Tensor1D), images, given)))(
          weights,
        )
        expect(relativeError(gradientOf([images], [given], loss), plainly.dataSync())).toBeLessThan(ROUNDING)
      }
    })
  })

  it('has the gradients of central differences', () => {
    const n = 6
    const smooth = ({ logits, latent = {} }: NetworkOutputs): Scalar =>
      latentEntries(latent)
        .map(([, value]) => tf.mean(tf.square(value)) as Scalar)
        .reduce((sum, next) => tf.add(sum, next) as Scalar, tf.mean(tf.square(logits)) as Scalar)
    // The body's ReLUs have kinks, so only the head's parameters are varied.
    const own = parametersOf(net).filter(({ name }) => name.startsWith(`${latentNodes(net).sample}.`))
    const [first, last] = [own[0], own.at(-1)]
    if (!first || !last) throw new Error('no head')
    const [from, to] = [first.offset, last.offset + last.size]
    const start = tf.tidy(() => Float32Array.from(weightsFor().dataSync()))
    const at = ([values]: readonly Float32Array[]): number =>
      tf.tidy(() => {
        const moved = start.slice()
        moved.set(values ?? [], from)
        const pass = forward(net, unflatten(net, tf.tensor1d(moved)), imagesFor(n), givenFor(net, n))
        return Number(smooth(pass).dataSync()[0])
      })
    const gradient = tf.tidy(() => gradientOf([imagesFor(n)], [givenFor(net, n)], smooth).slice(from, to))
    expect(gradientError(at, [start.slice(from, to)], [gradient], { step: 0.02 })).toBeLessThan(5e-3)
  })

  it('takes noise and labels block by block', () => {
    tf.tidy(() => {
      const [a, b] = [imagesFor(5), tf.tensor4d(seededNumbers(9, 4 * 64), [4, 8, 8, 1])]
      const [ofA, ofB] = [givenFor(net, 5, 1), givenFor(net, 4, 2)]
      const loss = (pass: NetworkOutputs): Scalar => tf.mul(latentLossOf(pass), pass.logits.shape[0])
      const apart = gradientOf([a, b], [ofA, ofB], loss)
      const [one, other] = [gradientOf([a], [ofA], loss), gradientOf([b], [ofB], loss)]
      const both = one.map((value, i) => value + Number(other[i]))
      expect(relativeError(apart, both)).toBeLessThan(ROUNDING)
    })
  })

  it('without noise and labels, returns its mean: bit for bit the network in use', () => {
    tf.tidy(() => {
      const inUse = meanPathOf(net)
      const weights = Float32Array.from(weightsFor().dataSync())
      const plain = withoutHead({ architecture: net, weights, statistics: new Float32Array(0), mask: undefined })
      expect(plain.architecture).toStrictEqual(inUse)
      const [flat, images] = [tf.tensor1d(plain.weights), imagesFor(7)]
      const pass = forward(net, unflatten(net, weightsFor()), images)
      expect(pass.latent?.sample?.dataSync()).toEqual(pass.latent?.mean?.dataSync())
      expect(forward(inUse, unflatten(inUse, flat), images).logits.dataSync()).toEqual(pass.logits.dataSync())
    })
  })

  it('is an ordinary network in use', () => {
    const inUse = meanPathOf(net)
    expectEvery(inUse.nodes, ({ layer }) => layer.type !== 'given' && layer.type !== 'sample')
    expect(latentNodes(inUse)).toEqual({})
    const lost = parametersOf(net).filter(({ name }) => !parametersOf(inUse).some((kept) => kept.name === name))
    expect(lost.map(({ name }) => name.split('.')[0])).toEqual(lost.map(() => latentNodes(net).sample))
    expect(lost.length).toBeGreaterThan(0)
    expect(foldingOf(net).architecture).toStrictEqual(foldingOf(inUse).architecture)
    expect(foldingOf(net)).toBe(foldingOf(net))
    expect(meanPathOf(inUse)).toBe(inUse)
  })

  it('disposes of all other tensors', () => {
    const [weights, images, given] = [weightsFor(), imagesFor(9), givenFor(net, 9)]
    const use = () =>
      tf.dispose(
        weightGradients([{ architecture: net, weights, images: [images], given: [given] }], ([pass]) =>
          pass ? lossOf(pass) : tf.scalar(0),
        ) as Tensor[],
      )
    use()
    const before = memory()
    use()
    expect(memory()).toEqual(before)
    tf.dispose([weights, images, ...Object.values(given)])
  })
})

describe('withHead', () => {
  it('keeps the network up to its last layer, which reads the sample', () => {
    const net = withHead(tinyNet, learnedVariance)
    expect(net.name).toBe('tiny with vib')
    expect(layersOf(net).slice(0, tinyNet.nodes.length - 1)).toEqual(layersOf(tinyNet).slice(0, -1))
    expect(net.nodes.at(-1)).toMatchObject({ id: 'fc2', inputs: ['vib'], layer: { out: 3 } })
    expect(withHead(net, learnedVariance)).toBe(net)
  })

  it('refuses a network with another head, and one without a linear layer at its end', () => {
    const net = withHead(normalisedNet, learnedVariance)
    const wider = { ...learnedVariance, size: 6 }
    expect(() => withHead(net, wider)).toThrow(/a network without a head, or with one of vib and size 6, .*vib, 5/)
    expect(() => withHead(net, knownClasses)).toThrow(/one of ceb and size 5, .*vib, 5/)
    const ends = architecture('ends', tinyNet.input, [...layersOf(tinyNet), { type: 'relu' }])
    expect(() => withHead(ends, learnedVariance)).toThrow(/a linear layer at its end, .*relu/)
  })
})
