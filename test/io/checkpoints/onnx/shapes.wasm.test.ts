/** Numbers that a file computes for its shapes, constants that it repeats, and lists of parts: the logits of onnxruntime. */
import { describe, expect, it } from 'vitest'
import type { OnnxTensor, Written } from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { Chain, compare, whole } from './chain.js'
import { complaint, tensor } from './smallModel.js'

const IMAGE = [2, 4, 4] as const
const axis = (i: number) => [{ name: 'axis', i, type: 2 }]
const scalar = (i: number): Written<OnnxTensor> => ({ ...whole('', [i]), dims: [] })

/** A convolution, to channels in another order. */
const counted = (start: number, limit: number, step: number): Uint8Array => {
  const chain = new Chain(IMAGE).conv(4, 2)
  const before = chain.last
  const indices = chain.add('Range', [scalar(start), scalar(limit), scalar(step)], [], []).last
  return chain.add('Gather', [], axis(1), [before, indices]).add('Flatten').dense(32).bytes
}

/** A convolution times a constant that is repeated to a shape. */
const repeated = (extents: readonly number[]): Uint8Array => {
  const chain = new Chain(IMAGE).conv(3, 2)
  const before = chain.last
  const factor = chain.add('Expand', [tensor('', [1, 1], Float32Array.of(0.5)), whole('', extents)], [], []).last
  return chain.add('Mul', [], [], [before, factor]).add('Flatten').dense(48).bytes
}

/** Parts of four channels, and what reads one of them. */
const parts = (sizes: Written<OnnxTensor>, at: number): Uint8Array => {
  const chain = new Chain(IMAGE).conv(4, 2)
  const list = chain.add('SplitToSequence', [sizes], axis(1)).last
  return chain
    .add('SequenceAt', [scalar(at)], [], [list])
    .add('GlobalAveragePool')
    .add('Flatten')
    .dense(2).bytes
}

describe('a file', () => {
  it('has the channels that Range counts', async () => {
    for (const given of [
      [0, 4, 2],
      [3, 0, -2],
    ] as const)
      expect(await compare(counted(given[0], given[1], given[2]), IMAGE, 'first')).toBe(
        'conv2d selectChannels flatten linear',
      )
    expect(await complaint(counted(0, 1e9, 1))).toBe(
      'expected at most 1024 computed numbers in operator Range (node "n1", opset 13), got 1000000000',
    )
    expect(await complaint(counted(0, 4, 0))).toContain('in operator Range (node "n1", opset 13), got ')
  })

  it('has constants that Expand repeats', async () => {
    expect(await compare(repeated([3, 1, 1]), IMAGE, 'first')).toBe('conv2d layerScale flatten linear')
    expect(await complaint(repeated([-3, 1, 1]))).toBe(
      'expected the shape of its input, for each image in operator Expand (node "n1", opset 13), got [-3, 1, 1]',
    )
  })

  it('has the parts that SplitToSequence makes and SequenceAt takes', async () => {
    for (const [sizes, at] of [
      [scalar(2), 1],
      [whole('', [2, 2]), 0],
      [whole('', [1, 2, 1]), -2],
    ] as const)
      await compare(parts(sizes, at), IMAGE, 'first')
    expect(await complaint(parts(scalar(2), 2))).toBe(
      'expected a place among 2 in operator SequenceAt (node "n2", opset 13), got 2',
    )
    expect(await complaint(parts(whole('', [2, 1]), 0))).toBe(
      'expected sizes of 2 parts of 4 channels in operator SplitToSequence (node "n1", opset 13), got [2, 1]',
    )
    const list = new Chain(IMAGE)
      .conv(4, 2)
      .add('SplitToSequence', [scalar(2)], axis(1))
      .add('Relu')
    expect(await complaint(list.add('Flatten').dense(64).bytes)).toContain('operator after it')
  })
})
