/** Standard kernels that training needs and that the engines implement differently. */
import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { kernelValues } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

const TOLERANCE = 1e-6

describe('standard kernels', () => {
  it('include every kernel that training uses', () => {
    const needed =
      'Abs Add Sub Multiply RealDiv Maximum Minimum Neg Exp Expm1 Log Log1p Sqrt Rsqrt Square Sign Step Relu Sum Mean Max Min ArgMax Cast Reshape Transpose Slice Concat SplitV PadV2 Tile Select Greater GreaterEqual Less LessEqual Equal LogicalAnd LogicalNot OneHot GatherV2 BatchMatMul _FusedMatMul Conv2D FusedConv2D Conv2DBackpropInput Conv2DBackpropFilter MaxPool MaxPoolGrad AvgPool AvgPoolGrad Softmax ClipByValue ZerosLike OnesLike Fill Range Pow SquaredDifference TopK Cumsum'
    const present = new Set(tf.getKernelsForBackend(tf.getBackend()).map((kernel) => kernel.kernelName))
    expect(needed.split(' ').filter((name) => !present.has(name))).toEqual([])
  })

  it.each([
    ['Expm1', Math.expm1],
    ['Sign', Math.sign],
    ['Log1p', (x: number) => Math.log1p(x)],
    ['Rsqrt', (x: number) => 1 / Math.sqrt(x)],
  ] as const)('%s is accurate', (name, reference) => {
    const x = seededNumbers(5, 1000).map((value) =>
      name === 'Expm1' || name === 'Sign' ? value : Math.abs(value) + 1e-3,
    )
    const tensor = tf.tensor1d(x)
    expect(distance(kernelValues(name, { x: tensor }), Array.from(x, reference))).toBeLessThan(TOLERANCE)
    tensor.dispose()
  })

  it('split a vector into equal parts or with one inferred size, and a matrix along any axis', () => {
    const values = seededNumbers(9, 12)
    const pieces = (x: Tensor, sizes: number | number[], axis?: number) =>
      tf.split(x, sizes, axis).map((piece) => Array.from(piece.dataSync()))
    const part = (from: number, to: number) => Array.from(values.slice(from, to))
    tf.tidy(() => {
      const flat = tf.tensor1d(values)
      expect(pieces(flat, 3)).toEqual([part(0, 4), part(4, 8), part(8, 12)])
      expect(pieces(flat, [5, -1, 0])).toEqual([part(0, 5), part(5, 12), []])
      const matrix = tf.tensor2d(values, [2, 6])
      expect(pieces(matrix, [2, 4], 1)).toEqual([
        [...part(0, 2), ...part(6, 8)],
        [...part(2, 6), ...part(8, 12)],
      ])
      const whole = tf.tensor1d([1, 2, 3], 'int32')
      expect(tf.split(whole, [1, 2]).map(({ dtype }) => dtype)).toEqual(['int32', 'int32'])
    })
  })

  it('copy the values of a tensor, which stay after the original is freed', () => {
    const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }
    const original = tf.tensor2d(seededNumbers(2, 6), [2, 3])
    const copy = tf.clone(original)
    original.dispose()
    expect(copy.shape).toEqual([2, 3])
    expect(distance(copy.dataSync(), seededNumbers(2, 6))).toBe(0)
    copy.dispose()
    expect({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }).toEqual(before)
  })

  it('split a vector of 200,000 numbers and join it unchanged', () => {
    const values = seededNumbers(8, 200_000)
    const sizes = [800, 32, 18_432, 64, 150_000, 30_672]
    const [parts, back] = tf.tidy(() => {
      const pieces = tf.split(tf.tensor1d(values), sizes)
      return [pieces.map((piece) => piece.size), tf.concat(pieces).dataSync()]
    })
    expect(parts).toEqual(sizes)
    expect(distance(back, values)).toBe(0)
  })
})
