import { isLeft, isRight, right } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../src/dsl/errors.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { conv2d, flatten, linear } from '../../../src/models/layers/layers.js'
import { parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { freshStatistics, statisticsCount } from '../../../src/models/parameters/statistics.js'
import { indexOf } from '../../../src/models/parameters/torchOrder.js'
import { packNetwork, unpackStatistics, unpackWeights } from '../../../src/models/parameters/weights.js'
import { preactResnet18 } from '../../../src/models/zoo/preactResnet.js'
import { resnet18, resnet50 } from '../../../src/models/zoo/resnet.js'
import { vgg16bn } from '../../../src/models/zoo/vgg.js'
import { wideResnet } from '../../../src/models/zoo/wideResnet.js'
import { cifarNet, lenet, lenet5, mnistNet } from '../../../src/models/zoo/zoo.js'
import { nonEmpty } from '../../support/expectEvery.js'
import { seededNumbers } from '../../support/numbers.js'
import { normalised, shortcut } from '../fixtures.js'

/** The networks of the zoo; large ones are narrowed. */
const networks: readonly Architecture[] = [
  ...[mnistNet, lenet5, lenet, cifarNet],
  ...[resnet18, resnet50, preactResnet18, vgg16bn].map((make) => make({ width: 4 })),
  vgg16bn({ width: 4, release: 'hydra' }),
  wideResnet({ depth: 16, factor: 2, width: 4 }),
  ...[shortcut, normalised],
]

const pack = (net: Architecture, tensors: Parameters<typeof packNetwork>[3]) =>
  packNetwork('loadTeacher', 'net.pth', net, tensors)

const stateDict = (net: Architecture, weights: Float32Array, statistics = freshStatistics(net)) =>
  new Map([...unpackWeights(net, weights), ...unpackStatistics(net, statistics)])

describe.each(networks.map((net) => [net.name, net] as const))('%s', (_name, net) => {
  it('packing inverts unpacking, bit for bit', () => {
    const flat = seededNumbers(1, parameterCount(net))
    const running = seededNumbers(2, statisticsCount(net)).map(Math.abs)
    const back = pack(net, stateDict(net, flat, running))
    if (isLeft(back)) throw new Error(describeError(back.left))
    for (const [found, expected] of [
      [back.right.weights, flat],
      [back.right.statistics, running],
    ] as const)
      expect(Buffer.compare(Buffer.from(found.buffer), Buffer.from(expected.buffer))).toBe(0)
  })

  it('the layout of every tensor is a permutation', () => {
    for (const { name, size, torchAxes } of nonEmpty(parametersOf(net))) {
      const seen = new Uint8Array(size)
      for (const to of indexOf(torchAxes)) seen[to] = 1
      expect(indexOf(torchAxes).length, name).toBe(size)
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
  const flat = isRight(packed) ? packed.right.weights : new Float32Array(0)

  it('a convolution is transposed from out × in × height × width to height × width × in × out', () => {
    // [o][i][y][x] is at o·8 + i·4 + y·2 + x; the engine's order is y, x, i, o.
    expect(Array.from(flat.slice(0, 16))).toEqual([0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15])
  })

  it('a linear layer after a flatten reads channels last; PyTorch’s reads channels first', () => {
    // The image is 3 × 4 × 2. Engine row (pixel p, channel c), column o: torch o·24 + c·12 + p.
    const { offset } = parametersOf(net).find(({ name }) => name === 'fc.weight') ?? { offset: 0 }
    expect(Array.from(flat.slice(offset, offset + 8))).toEqual([0, 24, 12, 36, 1, 25, 13, 37])
  })

  it('biases stay unchanged', () => {
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

  it('is read in any order of tensors', () => {
    expect(pack(shortcut, new Map([...tensors()].reverse()))).toEqual(
      right({ weights: flat, statistics: new Float32Array(0) }),
    )
  })

  it('missing tensors are named, with the expected shapes and the tensors of the file', () => {
    const error = refusal((all) => {
      all.delete('left.bias')
      all.delete('head.weight')
    })
    expect(error).toMatchObject({ _tag: 'FileError', stage: 'loadTeacher', file: 'net.pth' })
    expect(describeError(error)).toBe(
      'loadTeacher: net.pth: expected a checkpoint of shortcut: its 12 tensors, got no "left.bias" [4], "head.weight" [3, 20]',
    )
    expect(error.hint).toBe(
      'The file holds stem.weight [4, 2, 3, 3], stem.bias [4], left.weight [4, 4, 3, 3], right.weight [4, 4, 3, 3], ' +
        'right.bias [4], narrow.weight [5, 4, 3, 3], narrow.bias [5], wide.weight [20, 20], wide.bias [20], head.bias [3].',
    )
  })

  it('tensors of another shape are named, with both shapes', () => {
    const error = refusal((all) => all.set('head.weight', { shape: [20, 3], data: new Float32Array(60) }))
    expect(error.expected).toBe('a checkpoint of shortcut: its 12 tensors')
    expect(error.actual).toBe('"head.weight" of shape [20, 3] instead of [3, 20]')
  })

  it('unknown tensors are named', () => {
    const error = refusal((all) => {
      for (const name of ['bn.running_mean', 'fc.bias']) all.set(name, { shape: [1], data: Float32Array.of(0) })
    })
    expect(error.actual).toBe('unknown "bn.running_mean", "fc.bias"')
  })

  it('all problems are in one error, and long lists are cut short', () => {
    const error = refusal((all) => {
      all.delete('left.bias')
      all.set('head.bias', { shape: [4], data: new Float32Array(4) })
      for (let i = 0; i < 12; i++) all.set(`x${i}`, { shape: [1], data: Float32Array.of(0) })
    })
    expect(error.actual).toBe(
      'no "left.bias" [4]; "head.bias" of shape [4] instead of [3]; ' +
        'unknown "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9" … (12 in all)',
    )
    expect(error.hint).toMatch(
      /head\.weight \[3, 20\], head\.bias \[4\], x0 \[1\] … \(23 in all\)\. `pwoa-run inspect net\.pth` lists them\.$/,
    )
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

  it('the error for an empty file names the reason', () => {
    expect(refusal((all) => all.clear()).hint).toBe('The file holds nothing.')
  })
})

describe('running statistics in a checkpoint', () => {
  const weights = seededNumbers(2, parameterCount(normalised))
  const running = seededNumbers(3, statisticsCount(normalised)).map(Math.abs)
  const packed = (change: (all: ReturnType<typeof stateDict>) => void) => {
    const all = stateDict(normalised, weights, running)
    change(all)
    return pack(normalised, all)
  }
  const refusal = (change: (all: ReturnType<typeof stateDict>) => void) => {
    const result = packed(change)
    if (!isLeft(result)) throw new Error('they were taken')
    return result.left
  }

  it('that are missing are named together with missing parameters', () => {
    const error = refusal((all) => {
      all.delete('bn3.running_var')
      all.delete('bn3.bias')
    })
    expect(describeError(error)).toBe(
      'loadTeacher: net.pth: expected a checkpoint of normalised: its 22 tensors, got no "bn3.bias" [3], "bn3.running_var" [3]',
    )
  })

  it('of another shape, not finite, or with a variance below 0 are refused; a mean below 0 is not', () => {
    const [four, low] = [
      { shape: [4], data: new Float32Array(4) },
      { shape: [3], data: Float32Array.of(1, -0.5, 1) },
    ]
    expect(refusal((all) => all.set('bn3.running_mean', four)).actual).toBe(
      '"bn3.running_mean" of shape [4] instead of [3]',
    )
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
    expect(packed((all) => all.set('bn3.running_mean', low))._tag).toBe('Right')
  })

  it('of a layer that is not a batch normalisation are unknown', () => {
    const counter = { shape: [], data: Float32Array.of(1) }
    for (const name of ['conv1.running_mean', 'bn1.running_std'])
      expect(refusal((all) => all.set(name, counter)).actual).toBe(`unknown "${name}"`)
  })

  it('do not exist without batch normalisation', () => {
    expect(unpackStatistics(shortcut, new Float32Array(0)).size).toBe(0)
  })
})
