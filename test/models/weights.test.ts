import { isLeft, isRight, right } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { type Architecture, architecture } from '../../src/models/architecture.js'
import { conv2d, flatten, linear } from '../../src/models/layers.js'
import { parameterCount, parametersOf } from '../../src/models/parameters.js'
import { statisticsCount } from '../../src/models/statistics.js'
import { packStatistics, packWeights, unpackStatistics, unpackWeights } from '../../src/models/weights.js'
import { zoo } from '../../src/models/zoo.js'
import { seededNumbers } from '../support/numbers.js'
import { normalised, shortcut } from './fixtures.js'

const networks: readonly Architecture[] = [...Object.values(zoo), shortcut, normalised]

const pack = (net: Architecture, tensors: Parameters<typeof packWeights>[3]) =>
  packWeights('loadTeacher', 'net.pth', net, tensors)

describe.each(networks.map((net) => [net.name, net] as const))('%s', (_name, net) => {
  it('packing undoes unpacking, bit for bit', () => {
    const flat = seededNumbers(1, parameterCount(net))
    const back = pack(net, unpackWeights(net, flat))
    expect(isRight(back) && Buffer.compare(Buffer.from(back.right.buffer), Buffer.from(flat.buffer)) === 0).toBe(true)
  })

  it('every layout is a permutation', () => {
    for (const { name, size, torchIndex } of parametersOf(net)) {
      const seen = new Uint8Array(size)
      for (const to of torchIndex()) seen[to] = 1
      expect(torchIndex().length, name).toBe(size)
      expect(seen.indexOf(0), name).toBe(-1)
    }
  })
})

describe('layouts', () => {
  const net = architecture('tiny', { height: 2, width: 3, channels: 2 }, [
    conv2d('conv', { out: 2, kernel: 2, padding: 1 }),
    flatten(),
    linear('fc', { out: 2 }),
  ])
  const numbered = new Map(
    parametersOf(net).map(({ name, torchShape, size }) => [
      name,
      { shape: torchShape, data: Float32Array.from({ length: size }, (_, i) => i) },
    ]),
  )
  const packed = pack(net, numbered)
  const flat = isRight(packed) ? packed.right : new Float32Array(0)

  it('a convolution goes from out × in × height × width to height × width × in × out', () => {
    // [o][i][y][x] at o·8 + i·4 + y·2 + x, as the engine goes through y, x, i, o.
    expect(Array.from(flat.slice(0, 16))).toEqual([0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15])
  })

  it('a linear layer behind a flatten reads channels last, PyTorch channels first', () => {
    // The image is 3 × 4 × 2. Engine row (pixel p, channel c), column o: torch o·24 + c·12 + p.
    const { offset } = parametersOf(net).find(({ name }) => name === 'fc.weight') ?? { offset: 0 }
    expect(Array.from(flat.slice(offset, offset + 8))).toEqual([0, 24, 12, 36, 1, 25, 13, 37])
  })

  it('biases stay as they are', () => {
    expect(Array.from(flat.slice(16, 18))).toEqual([0, 1])
  })
})

describe('a checkpoint that is not of the network', () => {
  const flat = seededNumbers(2, parameterCount(shortcut))
  const tensors = () => unpackWeights(shortcut, flat)
  const refusal = (change: (all: ReturnType<typeof tensors>) => void) => {
    const all = tensors()
    change(all)
    const result = pack(shortcut, all)
    if (!isLeft(result)) throw new Error('it was taken')
    return result.left
  }

  it('is taken as it is, and an order of its own does no harm', () => {
    expect(pack(shortcut, new Map([...tensors()].reverse()))).toEqual(right(flat))
  })

  it('a missing tensor is named, with the shape expected and what there is', () => {
    const error = refusal((all) => all.delete('left.bias'))
    expect(error).toMatchObject({ _tag: 'FileError', stage: 'loadTeacher', file: 'net.pth' })
    expect(describeError(error)).toBe(
      'loadTeacher: net.pth: expected a checkpoint of shortcut: tensor "left.bias" of shape [4], got none of that name',
    )
    expect(error.hint).toContain('The file holds stem.weight [4, 2, 3, 3], stem.bias [4], left.weight')
  })

  it('a tensor of another shape is named, with both shapes', () => {
    const error = refusal((all) => all.set('head.weight', { shape: [20, 3], data: new Float32Array(60) }))
    expect(error.expected).toBe('a checkpoint of shortcut: tensor "head.weight" of shape [3, 20]')
    expect(error.actual).toBe('shape [20, 3]')
  })

  it('a tensor that the network has no place for is named', () => {
    const error = refusal((all) => all.set('bn.running_mean', { shape: [1], data: Float32Array.of(0) }))
    expect(error.expected).toBe('a checkpoint of shortcut: no other tensors than its 12')
    expect(error.actual).toBe('"bn.running_mean"')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%d in a tensor', (bad) => {
    const error = refusal((all) => {
      const data = new Float32Array(4)
      data[3] = bad
      all.set('right.bias', { shape: [4], data })
    })
    expect(error.expected).toBe('a checkpoint of shortcut: finite numbers in "right.bias"')
    expect(error.actual).toBe(String(bad))
  })

  it('an empty file is said to be empty', () => {
    expect(refusal((all) => all.clear()).hint).toBe('The file holds nothing.')
  })
})

describe('running statistics in a checkpoint', () => {
  const weights = seededNumbers(2, parameterCount(normalised))
  const running = seededNumbers(3, statisticsCount(normalised)).map(Math.abs)
  const tensors = () => new Map([...unpackWeights(normalised, weights), ...unpackStatistics(normalised, running)])
  const counter = { shape: [], data: Float32Array.of(1) }
  const packed = (change: (all: ReturnType<typeof tensors>) => void) => {
    const all = tensors()
    change(all)
    return { weights: pack(normalised, all), statistics: packStatistics('loadTeacher', 'net.pth', normalised, all) }
  }
  const refusal = (change: (all: ReturnType<typeof tensors>) => void) => {
    const { statistics } = packed(change)
    if (!isLeft(statistics)) throw new Error('they were taken')
    return statistics.left
  }

  it('are packed as they were unpacked, with the counters of minibatches or without', () => {
    const expected = { weights: right(weights), statistics: right(running) }
    expect(packed(() => undefined)).toEqual(expected)
    expect(packed((all) => all.set('bn1.num_batches_tracked', counter))).toEqual(expected)
  })

  it('that are missing are named, with the shape expected', () => {
    expect(describeError(refusal((all) => all.delete('bn3.running_var')))).toBe(
      'loadTeacher: net.pth: expected a checkpoint of normalised: tensor "bn3.running_var" of shape [3], got none of that name',
    )
  })

  it('of another shape, not finite, or a variance below 0 are refused; a mean below 0 is not', () => {
    const [four, low] = [
      { shape: [4], data: new Float32Array(4) },
      { shape: [3], data: Float32Array.of(1, -0.5, 1) },
    ]
    expect(refusal((all) => all.set('bn3.running_mean', four)).actual).toBe('shape [4]')
    const infinite = refusal((all) => all.set('bn3.running_mean', { shape: [3], data: Float32Array.of(0, NaN, 0) }))
    expect([infinite.expected, infinite.actual]).toEqual([
      'a checkpoint of normalised: finite numbers in "bn3.running_mean"',
      'NaN',
    ])
    const negative = refusal((all) => all.set('bn3.running_var', low))
    expect([negative.expected, negative.actual]).toEqual([
      'a checkpoint of normalised: numbers >= 0 in "bn3.running_var"',
      '-0.5',
    ])
    expect(packed((all) => all.set('bn3.running_mean', low)).statistics._tag).toBe('Right')
  })

  it('of a layer that does not normalise are strangers, and so is a counter without one', () => {
    for (const name of ['conv1.running_mean', 'conv1.num_batches_tracked', 'bn1.running_std']) {
      const { weights: result } = packed((all) => all.set(name, counter))
      expect(isLeft(result) && result.left.actual).toBe(`"${name}"`)
    }
  })

  it('there are none without batch normalisation', () => {
    expect(packStatistics('loadTeacher', 'net.pth', shortcut, new Map())).toEqual(right(new Float32Array(0)))
    expect(unpackStatistics(shortcut, new Float32Array(0)).size).toBe(0)
  })
})
