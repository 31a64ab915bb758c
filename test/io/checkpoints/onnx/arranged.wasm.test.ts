/** Activations whose axes are moved, and images as lists of pixels: the logits of onnxruntime. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Chain, compare, EXAMPLES, networkOf, whole } from './chain.js'
import { complaint, ints, tensor } from './smallModel.js'

describe('a file with moved axes has the logits of onnxruntime', () => {
  it('with channels last, a convolution and a flattened image, as tf2onnx writes', async () => {
    const chain = new Chain([4, 5, 3]).transpose(2, 0, 1).conv(2, 3).add('Relu').transpose(1, 2, 0)
    expect(await compare(chain.reshape(40).dense(40).bytes, [4, 5, 3], 'last')).toBe('conv2d relu flatten linear')
  })

  it('with pairs around each convolution, and a bias and a ReLU of channels last between them', async () => {
    const chain = new Chain([4, 4, 3])
    for (const channels of [3, 2])
      chain
        .transpose(2, 0, 1)
        .conv(2, channels)
        .transpose(1, 2, 0)
        .add('Add', [tensor('', [2])])
        .add('Relu')
    expect(await compare(chain.add('Flatten').dense(32).bytes, [4, 4, 3], 'last')).toBe(
      'conv2d affine2d relu conv2d affine2d relu flatten linear',
    )
  })

  it('with a normalisation of channels last', async () => {
    const chain = new Chain([4, 4, 3])
      .add('Sub', [tensor('', [3], Float32Array.of(0.5, 0.4, 0.3))])
      .add('Div', [tensor('', [1, 1, 1, 3], Float32Array.of(0.25, 0.5, 0.75))])
    expect(await compare(chain.transpose(2, 0, 1).add('Flatten').dense(48).bytes, [4, 4, 3], 'last')).toBe(
      'normalize flatten linear',
    )
  })

  it('with the mean over the pixels of channels last, with and without its axes', async () => {
    for (const keepdims of [0, 1]) {
      const chain = new Chain([4, 4, 3]).transpose(2, 0, 1).conv(5, 3).transpose(1, 2, 0)
      chain.add('ReduceMean', [], [ints('axes', [1, 2]), { name: 'keepdims', i: keepdims, type: 2 }]).add('Flatten')
      expect(await compare(chain.dense(5).bytes, [4, 4, 3], 'last')).toBe('conv2d avgPool2d flatten linear')
    }
  })

  it('with channels last that are joined, shuffled, split and weighed', async () => {
    const axis = (i: number) => [{ name: 'axis', i, type: 2 }]
    const chain = new Chain([4, 4, 3]).transpose(2, 0, 1).conv(4, 3).transpose(1, 2, 0)
    const image = chain.last
    chain.add('Tanh').add('Concat', [], axis(3), [image, chain.last])
    // Channels 2 to 7, and of them 5, 0 and 1.
    chain
      .add('Slice', [whole('', [2]), whole('', [100]), whole('', [3])])
      .add('Gather', [whole('', [5, 0, 1])], axis(-1))
      .add('Pad', [whole('', [0, 0, 0, 1, 0, 0, 0, 0])])
    const four = chain.last
    chain
      .add('ReduceMax', [], [ints('axes', [1, 2])])
      .add('Sigmoid')
      .add('Mul', [], [], [four, chain.last])
    chain.add('Mul', [], [], [chain.last, image]).add('Split', [whole('', [3, 1])], axis(3))
    chain.nodes.push({ ...chain.nodes.pop(), output: [chain.last, 'rest'] })
    expect(await compare(chain.add('Flatten').dense(48).bytes, [4, 4, 3], 'last')).toBe(
      'conv2d activation concat selectChannels maxPool2d activation multiply multiply selectChannels flatten linear',
    )
  })

  it('with spatial attention: a factor of each pixel', async () => {
    for (const isFirst of [true, false]) {
      const chain = new Chain([3, 4, 4]).conv(4, 3)
      const image = chain.last
      chain.add('Conv', [tensor('', [1, 4, 1, 1])]).add('Sigmoid')
      chain.add('Mul', [], [], isFirst ? [chain.last, image] : [image, chain.last])
      expect(await compare(chain.add('Flatten').dense(64).bytes, [3, 4, 4], 'first')).toBe(
        'conv2d conv2d activation multiply flatten linear',
      )
    }
  })

  it('with squeeze-and-excitation by linear layers, whose result is spread over the image', async () => {
    const chain = new Chain([3, 4, 4]).conv(4, 3)
    const image = chain.last
    chain.add('GlobalAveragePool').reshape(4).dense(4, 2).add('Relu').dense(2, 4).add('Sigmoid').reshape(4, 1, 1)
    const gate = chain.last
    chain.add('Shape', [], [], [image])
    chain.add('Expand', [], [], [gate, chain.last]).add('Mul', [], [], [image, chain.last])
    expect(await compare(chain.add('Flatten').dense(64).bytes, [3, 4, 4], 'first')).toBe(
      'conv2d avgPool2d flatten linear relu linear activation multiply flatten linear',
    )
  })

  it('with squeeze-and-excitation by convolutions of a mean that was flattened, as Keras has it', async () => {
    for (const extents of [
      [4, 1, 1],
      [1, 1, 4],
    ]) {
      const chain = new Chain([3, 4, 4]).conv(4, 3)
      const image = chain.last
      chain
        .add('GlobalAveragePool')
        .add('Squeeze', [whole('', [2, 3])])
        .reshape(...extents)
      if (extents[0] === 1) chain.transpose(2, 0, 1)
      chain
        .add('Conv', [tensor('', [2, 4, 1, 1])])
        .add('Relu')
        .add('Conv', [tensor('', [4, 2, 1, 1])])
        .add('Sigmoid')
      chain.add('Mul', [], [], [image, chain.last]).add('Flatten').dense(64)
      expect(await compare(chain.bytes, [3, 4, 4], 'first')).toBe(
        'conv2d avgPool2d conv2d relu conv2d activation multiply flatten linear',
      )
    }
  })

  it('with every other pixel beside channels of zeros that the file holds', async () => {
    const axis = [{ name: 'axis', i: 1, type: 2 }]
    const chain = new Chain([3, 5, 4]).conv(2, 3)
    chain.add('Slice', [whole('', [0, 0]), whole('', [100, 100]), whole('', [2, 3]), whole('', [2, 2])])
    const half = chain.last
    chain.tensors.push(tensor('zeros', [EXAMPLES, 1, 3, 2], new Float32Array(12)))
    chain.add('Concat', [], axis, ['zeros', half, 'zeros'])
    expect(await compare(chain.add('Relu').add('Flatten').dense(24).bytes, [3, 5, 4], 'first')).toBe(
      'conv2d maxPool2d selectChannels relu flatten linear',
    )
  })

  it('with zeros around channels last, which the convolution after them adds', async () => {
    for (const [pads, layers] of [
      [[0, 1, 1, 0, 0, 1, 1, 0], 'conv2d'],
      [[0, 0, 1, 0, 0, 1, 0, 0], 'pad2d conv2d'],
    ] as const) {
      const chain = new Chain([4, 4, 3])
        .add('Relu')
        .add('Pad', [whole('', pads)])
        .transpose(2, 0, 1)
        .conv(2, 3)
      const [height, width] = layers === 'conv2d' ? [6, 6] : [5, 5]
      chain
        .transpose(1, 2, 0)
        .add('Flatten')
        .dense(2 * height * width)
      expect(await compare(chain.bytes, [4, 4, 3], 'last')).toBe(`relu ${layers} flatten linear`)
    }
  })

  it('with an addition of two values in the same order', async () => {
    const chain = new Chain([3, 4, 4]).transpose(1, 2, 0)
    const turned = chain.last
    chain.add('Sigmoid').add('Add', [], [], [turned, chain.last]).transpose(2, 0, 1).conv(2, 3).add('Flatten')
    expect(await compare(chain.dense(32).bytes, [3, 4, 4], 'first')).toBe('activation add conv2d flatten linear')
  })

  it('of any order: random axes, functions, shapes and convolutions', async () => {
    const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3 })
    const move = fc.record({ order, after: fc.constantFrom('Relu', 'Mul', 'Sigmoid', 'none') })
    const moves = fc.array(move, { maxLength: 4 })
    const property = fc.asyncProperty(
      moves,
      fc.boolean(),
      moves,
      fc.constantFrom('matrix', 'axis', 'none'),
      async (before, convolves, after, shape) => {
        // An input whose first node moves its last axis to the front has channels last.
        const chain = new Chain([2, 3, 4]).add('Relu')
        // Which of channels, rows and columns each axis is.
        let axes = [0, 1, 2]
        const play = (list: typeof before): void => {
          for (const { order, after: operator } of list) {
            chain.transpose(...order)
            axes = order.map((axis) => axes[axis] ?? 0)
            const factor = axes.map((axis) => (axis === 0 ? 2 : 1))
            if (operator !== 'none') chain.add(operator, operator === 'Mul' ? [tensor('', factor)] : [])
          }
        }
        play(before)
        if (convolves) {
          chain.transpose(axes.indexOf(0), axes.indexOf(1), axes.indexOf(2)).conv(2, 2)
          axes = [0, 1, 2]
        }
        play(after)
        if (shape === 'matrix') chain.reshape(4, 6).transpose(1, 0)
        if (shape === 'axis') chain.add('Unsqueeze', [whole('', [2])]).add('Squeeze', [whole('', [-3])])
        chain.add('Flatten').dense(24)
        await compare(chain.bytes, [2, 3, 4], 'first')
      },
    )
    await fc.assert(property, { seed: 25, numRuns: 40 })
  })
})

describe('images as lists of pixels have the logits of onnxruntime', () => {
  it.each([[[16]], [[16, 1]], [[1, 16]], [[1, 16, 1]], [[48]]])('of extents %j', async (extents) => {
    const count = Math.max(...extents)
    const bytes = new Chain(extents).add('Flatten').dense(count, 4).add('Relu').dense(4).bytes
    expect(await compare(bytes, extents, 'first')).toBe('flatten linear relu linear')
    const { architecture, warnings } = await networkOf(bytes)
    const channels = count === 48 ? 3 : 1
    expect(architecture.input).toEqual({ height: 4, width: 4, channels })
    expect(warnings).toEqual([
      channels === 3
        ? 'The input "x" is a list of 48 numbers: it is read as images of 4 x 4 pixels and 3 channels, ' +
          'channel by channel, each row by row.'
        : 'The input "x" is a list of 16 numbers: it is read as images of 4 x 4 pixels and 1 channel, row by row.',
    ])
  })

  it('which the file makes images again', async () => {
    const bytes = new Chain([48]).reshape(3, 4, 4).conv(2, 3).add('Flatten').dense(32).bytes
    expect(await compare(bytes, [48], 'first')).toBe('conv2d flatten linear')
  })
})

describe('square pictures with channels last', () => {
  it('are recognised without a transposition, with a warning', async () => {
    const bytes = new Chain([4, 4, 3]).add('Flatten').dense(48).bytes
    expect(await compare(bytes, [4, 4, 3], 'last')).toBe('flatten linear')
    expect((await networkOf(bytes)).warnings).toEqual([
      'The input "x" is read as height x width x channels, 4 x 4 x 3.',
    ])
  })
})

describe('a minimum after a ReLU', () => {
  it('is a ReLU6, as a clip of numbers that are 0 or more', async () => {
    const chain = new Chain([2, 4, 4]).conv(2, 2).add('Relu')
    const six = tensor('', [], Float32Array.of(6))
    expect(await compare(chain.add('Min', [six]).add('Flatten').dense(32).bytes, [2, 4, 4], 'first')).toBe(
      'conv2d activation flatten linear',
    )
  })
})

describe('a file is refused, with its node,', () => {
  it('if a layer cannot read the order of its input', async () => {
    const chain = new Chain([3, 4, 4]).transpose(1, 2, 0).conv(2, 4).add('Flatten').dense(32)
    expect(await complaint(chain.bytes)).toBe(
      'expected activations that are read as batch x 3 x 4 x 4, or as one list by a linear layer in operator Transpose ' +
        '(node "n0", opset 13), got another order of them, of shape [batch, 4, 4, 3], before a layer that cannot read it',
    )
  })

  it('if values of different orders are added', async () => {
    const chain = new Chain([3, 4, 4]).add('Relu')
    const first = chain.last
    chain.transpose(0, 2, 1).add('Add', [], [], [first, chain.last]).add('Flatten').dense(48)
    expect(await complaint(chain.bytes)).toContain('in operator Transpose (node "n1", opset 13), got another order')
  })

  it('if a constant is of other axes than the channels', async () => {
    const chain = new Chain([3, 4, 4])
      .transpose(1, 2, 0)
      .add('Mul', [tensor('', [4, 1])])
      .transpose(2, 0, 1)
    expect(await complaint(chain.add('Flatten').dense(48).bytes)).toContain(
      'expected one number, or one for each channel, along the axes of the channels in operator Mul (node "n1"',
    )
  })

  it('if the images are not the first axis', async () => {
    const chain = new Chain([3, 4, 4]).add('Transpose', [], [ints('perm', [1, 0, 2, 3])])
    expect(await complaint(chain.add('Flatten').dense(48).bytes)).toContain(
      'expected images along the first axis in operator Transpose (node "n0", opset 13)',
    )
  })

  it('if a list of pixels is of no square image: the error asks for the shape', async () => {
    expect(await complaint(new Chain([50]).dense(50).bytes)).toBe(
      'expected input "x" of shape batch x channels x height x width, batch x height x width x channels, or batch x ' +
        'the pixels of a square image of 1 or 3 channels, all but the batch fixed, got [2, 50]',
    )
  })
})
