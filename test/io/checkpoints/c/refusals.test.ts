import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { encodeC, encodeIntegerC } from '../../../../src/io/checkpoints/c/encodeC.js'
import { factorOf, rescaled, shifted } from '../../../../src/io/checkpoints/c/integers.js'
import { lowered } from '../../../../src/io/checkpoints/c/lower.js'
import { quantised } from '../../../../src/io/checkpoints/c/quantised.js'
import { compressedRows } from '../../../../src/io/checkpoints/c/rows.js'
import { floatText } from '../../../../src/io/checkpoints/c/text.js'
import { type Architecture, architecture } from '../../../../src/models/architecture/architecture.js'
import { concat } from '../../../../src/models/layers/channelLayers.js'
import { fakeQuantize } from '../../../../src/models/layers/fakeQuantize.js'
import type { Layer } from '../../../../src/models/layers/layer.js'
import { conv2d, flatten, linear, pad2d } from '../../../../src/models/layers/layers.js'
import { parameterCount } from '../../../../src/models/parameters/parameters.js'

const input = { height: 4, width: 4, channels: 1 }

const net = (...layers: readonly Layer[]): Architecture =>
  architecture('net', input, [...layers, flatten(), linear('head', { out: 3 })])

const ones = (given: Architecture): Float32Array => new Float32Array(parameterCount(given)).fill(1)

const plain = net(conv2d('conv', { out: 2, kernel: 3 }))

describe('C code is refused', () => {
  it('for a layer that has none, by its name', () => {
    const joined = net(
      conv2d('a', { out: 1, kernel: 1, inputs: ['input'] }),
      conv2d('b', { out: 1, kernel: 1, inputs: ['input'] }),
      concat(['a', 'b'], { id: 'both' }),
    )
    expect(() => lowered(joined, ones(joined))).toThrow('got a concat layer, "both"')
    const rounded = net(fakeQuantize({ id: 'round', scale: [0.1], zeroPoint: [0] }))
    expect(() => lowered(rounded, ones(rounded))).toThrow('got a fakeQuantize layer, "round"')
    const reflected = net(pad2d({ id: 'edge', left: 1, mode: 'reflect' }))
    expect(() => lowered(reflected, ones(reflected))).toThrow('got a pad2d layer, "edge"')
  })

  it('for weights that are not finite', () => {
    const weights = ones(plain)
    weights[3] = Number.NaN
    expect(() => lowered(plain, weights)).toThrow('expected finite numbers in "conv.weight", got NaN')
  })

  it.each(['1net', 'my-net', 'int', ''])('for the name %j', (name) => {
    const program = lowered(plain, ones(plain))
    const files = encodeC(program, { images: [], logits: [] }, `run/${name}.c`)
    expect(isLeft(files) && files.left).toMatchObject({ _tag: 'FileError', actual: `"${name}.c"` })
  })

  it('in integers for sums of more than 32 bits', () => {
    const wide = architecture('wide', { height: 1, width: 1, channels: 70_000 }, [
      flatten(),
      linear('head', { out: 1 }),
    ])
    expect(() => quantised(lowered(wide, ones(wide)), new Map())).toThrow('expected sums of "head" that fit in 32 bits')
  })
})

describe('C files', () => {
  it('begin their names with that of the file', () => {
    const program = lowered(plain, ones(plain))
    const float = encodeC(program, { images: [], logits: [] }, 'run/digits.c')
    const ranges = new Map([['conv', { least: 0, most: 9 }]])
    const integer = encodeIntegerC(quantised(program, ranges), { images: [], logits: [] }, 'run/digits.int8.c')
    expect(isLeft(float) ? float.left : float.right.header).toContain('int32_t digits_run(const float image')
    expect(isLeft(integer) ? integer.left : integer.right.header).toContain(
      'int32_t digits_int8_run(const uint8_t image',
    )
  })

  it('hold the figures of the network', () => {
    const files = encodeC(lowered(plain, ones(plain)), { images: [], logits: [] }, 'net.c')
    // 9·2 weights at 4 pixels, 8·3 at one; the first layer's 2 x 2 x 2 outputs are all that is kept between layers.
    // The image is 16 numbers, the logits are 3; the code is a function of sums, two calls and `run`.
    const constants = 2 * 52 + 4 * (18 + 2 + 24 + 3)
    const flash = constants + 450 + 2 * 96 + 64
    const figures = { file: 'net.c', operations: 96, kept: 96, scratch: 32, ram: 4 * (8 + 16 + 3), constants, flash }
    expect(isLeft(files) ? files.left : files.right.figures).toEqual(figures)
  })
})

describe('compressed rows', () => {
  const stepOf = (weights: Float32Array) => {
    const wide = architecture('wide', { height: 1, width: 1, channels: 600 }, [flatten(), linear('head', { out: 1 })])
    const flat = new Float32Array(parameterCount(wide))
    flat.set(weights)
    const [step] = lowered(wide, flat).steps
    if (step?.type !== 'sums') throw new Error('no sums')
    return compressedRows(step, step.weights, 1)
  }

  it('bridge wide gaps by zeros', () => {
    const weights = new Float32Array(600)
    for (const place of [2, 5, 6, 7, 8, 9, 590]) weights[place] = 1
    expect(stepOf(weights)).toEqual({
      counts: [9],
      steps: [2, 3, 1, 1, 1, 1, 255, 255, 71],
      places: [2, 5, 6, 7, 8, 9, -1, -1, 590],
      width: 8,
    })
  })

  it('are not used where most weights are kept', () => {
    expect(stepOf(new Float32Array(600).fill(1))).toBeUndefined()
  })

  it('never take more memory than all weights', () => {
    // At most half of the weights, so far apart that each needs 16 bits or a bridge.
    const weights = new Float32Array(600)
    for (let place = 0; place < 600; place += 2.5) weights[Math.floor(place)] = 1
    const rows = stepOf(weights)
    expect(rows === undefined ? 0 : rows.places.length * (1 + rows.width / 8)).toBeLessThanOrEqual(600)
  })

  it('may be empty', () => {
    expect(stepOf(new Float32Array(600))).toEqual({ counts: [0], steps: [], places: [], width: 8 })
  })
})

describe('integer arithmetic', () => {
  it.each([
    [5, 0.5, 3],
    [-5, 0.5, -2],
    [2 ** 31 - 1, 1, 2 ** 31 - 1],
    [-(2 ** 31), 1, -(2 ** 31)],
    [1_000_000_007, 1e-9, 1],
    [-3, 2 ** 20, -3 * 2 ** 20],
  ])('rescales %d by %d to %d, halves up', (sum, real, result) => {
    expect(rescaled(sum, factorOf(real))).toBe(result)
  })

  it('shifts with halves up', () => {
    expect([5, -5, 6, -6, -7].map((sum) => shifted(sum, 1))).toEqual([3, -2, 3, -3, -3])
  })

  it('writes float constants that C reads back', () => {
    expect([0, 1, -2.5, 1e-30, 123456789].map(floatText)).toEqual(['0.0f', '1.0f', '-2.5f', '1e-30f', '123456792.0f'])
  })
})
