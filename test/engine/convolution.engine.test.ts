import type { Tensor4D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { convolution, type Geometry, outputSide } from '../support/convolution.js'
import { kernelValues } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value; float32 sums of a few hundred products. */
const TOLERANCE = 1e-5

const onEngine = (geometry: Geometry, seed: number) => {
  const { batch, size, inChannels, outChannels, kernel, stride, pad } = geometry
  const { out } = outputSide(geometry)
  const xShape: [number, number, number, number] = [batch, size, size, inChannels]
  const wShape: [number, number, number, number] = [kernel, kernel, inChannels, outChannels]
  const x = seededNumbers(seed, batch * size * size * inChannels)
  const w = seededNumbers(seed + 1, kernel * kernel * inChannels * outChannels)
  const dy = seededNumbers(seed + 2, batch * out * out * outChannels)
  const tensors = {
    x: tf.tensor4d(x, xShape),
    w: tf.tensor4d(w, wShape),
    dy: tf.tensor4d(dy, [batch, out, out, outChannels]),
  }
  const attrs = { strides: [stride, stride], pad, dataFormat: 'NHWC', dilations: [1, 1] }
  const found = {
    y: kernelValues('Conv2D', { x: tensors.x, filter: tensors.w }, attrs),
    fused: kernelValues(
      'PwoaConv2D',
      { x: tensors.x, filter: tensors.w },
      { strides: [stride, stride], pad, activation: 'linear' },
    ),
    dw: kernelValues('Conv2DBackpropFilter', { x: tensors.x, dy: tensors.dy }, { ...attrs, filterShape: wShape }),
    dx: kernelValues('Conv2DBackpropInput', { dy: tensors.dy, filter: tensors.w }, { ...attrs, inputShape: xShape }),
  }
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return { found, expected: convolution(geometry, x, w, dy) }
}

const expectEqual = (geometry: Geometry, seed: number): void => {
  const { found, expected } = onEngine(geometry, seed)
  expect(distance(found.y, expected.y), 'forward').toBeLessThan(TOLERANCE)
  expectOurs({ found, expected })
}

/** The kernels that networks use. */
const expectOurs = ({ found, expected }: ReturnType<typeof onEngine>): void => {
  expect(distance(found.fused, expected.y), 'forward, fused').toBeLessThan(TOLERANCE)
  expect(distance(found.dw, expected.dw), 'filter gradient').toBeLessThan(TOLERANCE)
  expect(distance(found.dx, expected.dx), 'input gradient').toBeLessThan(TOLERANCE)
}

const kernels = [1, 3, 4]
const strides = [1, 2]
const pads = ['same', 'valid'] as const
const cases = kernels.flatMap((kernel) => strides.flatMap((stride) => pads.map((pad) => ({ kernel, stride, pad }))))

describe('convolution and its gradients', () => {
  it.each(cases)('kernel $kernel, stride $stride, $pad, agree with plain loops', ({ kernel, stride, pad }) => {
    expectEqual({ batch: 3, size: 9, inChannels: 5, outChannels: 6, kernel, stride, pad }, 1)
    expectEqual({ batch: 2, size: 8, inChannels: 1, outChannels: 3, kernel, stride, pad }, 2)
  })

  it('agree with plain loops for any geometry', () => {
    const geometry = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      size: fc.integer({ min: 5, max: 10 }),
      inChannels: fc.integer({ min: 1, max: 4 }),
      outChannels: fc.integer({ min: 1, max: 5 }),
      kernel: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom(...pads),
    })
    fc.assert(
      fc.property(geometry, fc.nat(1e6), (shape, seed) => expectEqual(shape, seed)),
      { numRuns: 40, seed: 20 },
    )
  })

  it('of a pointwise filter with a stride write to no memory beside their own', () => {
    for (let seed = 0; seed < 40; seed++) {
      expectEqual({ batch: 3, size: 10, inChannels: 3, outChannels: 3, kernel: 1, stride: 2, pad: 'valid' }, seed)
    }
  })

  it('with more channels than a panel holds agree with plain loops', () => {
    expectEqual({ batch: 2, size: 6, inChannels: 11, outChannels: 21, kernel: 3, stride: 2, pad: 'same' }, 4)
    expectEqual({ batch: 2, size: 6, inChannels: 16, outChannels: 8, kernel: 3, stride: 1, pad: 'same' }, 5)
  })

  it('with strides that skip taps or pixels agree with plain loops', () => {
    const skipping = { batch: 2, size: 7, inChannels: 2, outChannels: 5, kernel: 2, stride: 3, pad: 'valid' } as const
    expectOurs(onEngine(skipping, 6))
    expectOurs(onEngine({ ...skipping, size: 5, inChannels: 6, outChannels: 3, kernel: 3, stride: 6 }, 7))
  })

  it.each(['linear', 'relu'] as const)('with or without a bias, activation %s, are one kernel', (activation) => {
    const geometry: Geometry = { batch: 2, size: 8, inChannels: 3, outChannels: 10, kernel: 4, stride: 2, pad: 'same' }
    const [x, w] = [seededNumbers(1, 2 * 8 * 8 * 3), seededNumbers(2, 4 * 4 * 3 * 10)]
    const bias = seededNumbers(3, 10)
    const { y } = convolution(geometry, x, w, new Float32Array(2 * 4 * 4 * 10))
    const tensors = { x: tf.tensor4d(x, [2, 8, 8, 3]), filter: tf.tensor4d(w, [4, 4, 3, 10]), bias: tf.tensor1d(bias) }
    const act = (z: number): number => (activation === 'relu' ? Math.max(0, z) : z)
    const { bias: _, ...without } = tensors
    for (const [inputs, expected] of [
      [tensors, y.map((sum, i) => act(sum + Number(bias[i % 10])))],
      [without, y.map(act)],
    ] as const) {
      const found = kernelValues('PwoaConv2D', inputs, { strides: [2, 2], pad: 'same', activation })
      expect(distance(found, expected)).toBeLessThan(TOLERANCE)
    }
    tf.dispose(tensors)
  })

  it('agree with plain loops if the minibatch takes several passes', () => {
    expectEqual({ batch: 7, size: 64, inChannels: 16, outChannels: 2, kernel: 4, stride: 1, pad: 'same' }, 3)
  })

  it('are used by automatic differentiation, and leave no tensors behind', () => {
    const geometry: Geometry = { batch: 2, size: 8, inChannels: 2, outChannels: 3, kernel: 3, stride: 2, pad: 'same' }
    const x = seededNumbers(7, 2 * 8 * 8 * 2)
    const w = seededNumbers(8, 3 * 3 * 2 * 3)
    const before = { ...tf.memory(), dataIds: tf.engine().backend.numDataIds() }
    const [dx, dw] = tf.tidy(() => {
      const gradients = tf.grads((image, filter) => tf.sum(tf.conv2d(image as Tensor4D, filter as Tensor4D, 2, 'same')))
      return gradients([tf.tensor4d(x, [2, 8, 8, 2]), tf.tensor4d(w, [3, 3, 2, 3])]).map((tensor) => tensor.dataSync())
    })
    const ones = new Float32Array(2 * 4 * 4 * 3).fill(1)
    const expected = convolution(geometry, x, w, ones)
    expect(distance(dx ?? [], expected.dx)).toBeLessThan(TOLERANCE)
    expect(distance(dw ?? [], expected.dw)).toBeLessThan(TOLERANCE)
    expect(tf.memory().numTensors).toBe(before.numTensors)
    expect(tf.engine().backend.numDataIds()).toBe(before.dataIds)
  })
})
