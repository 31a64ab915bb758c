/** The names of public checkpoints around a network's own. The forms of each release: docs/checkpoints.md. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../src/dsl/errors.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { normalisationOf, withNormalisation } from '../../../src/models/parameters/normalisation.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { readNetwork } from '../../../src/models/parameters/readNetwork.js'
import { freshStatistics } from '../../../src/models/parameters/statistics.js'
import { underNames } from '../../../src/models/parameters/underNames.js'
import {
  type NamedTensor,
  type NamedTensors,
  unpackStatistics,
  unpackWeights,
} from '../../../src/models/parameters/weights.js'
import { resnet18 } from '../../../src/models/zoo/resnet.js'
import { wideResnet } from '../../../src/models/zoo/wideResnet.js'
import { mnistNet } from '../../../src/models/zoo/zoo.js'
import { seededNumbers } from '../../support/numbers.js'

const net = resnet18({ width: 2 })

const stateDict = (of: Architecture): NamedTensors =>
  new Map([...unpackWeights(of, seededNumbers(1, parameterCount(of))), ...unpackStatistics(of, freshStatistics(of))])

const own = stateDict(net)
const under = (prefix: string, tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor]))
const join = (...all: NamedTensors[]): NamedTensors => new Map(all.flatMap((tensors) => [...tensors]))
const constant = (shape: readonly number[], ...values: number[]): NamedTensor => ({
  shape,
  data: Float32Array.from(values),
})
const counters: NamedTensors = new Map(
  [...own.keys()]
    .filter((name) => name.endsWith('running_mean'))
    .map((name) => [name.replace('running_mean', 'num_batches_tracked'), constant([], 7)]),
)
const cifar = { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] }
const [mean, std] = [constant([1, 3, 1, 1], ...cifar.mean), constant([1, 3, 1, 1], ...cifar.std)]
const pair = (first: string, second: string): NamedTensors =>
  new Map([
    [first, mean],
    [second, std],
  ])

const read = (tensors: NamedTensors, of: Architecture = net) => readNetwork('loadTeacher', 'net.pt', of, tensors)
const refusal = (tensors: NamedTensors, of: Architecture = net) => {
  const result = read(tensors, of)
  if (!isLeft(result)) throw new Error('it was taken')
  return result.left
}

describe('names of public checkpoints', () => {
  it.each([
    ['without a prefix', own],
    ['in another order', new Map([...own].reverse())],
    ['with counters of minibatches', join(own, counters)],
    ['with DataParallel’s prefix', under('module.', join(own, counters))],
    ['of an averaged model, with its count', new Map([['n_averaged', constant([], 3)], ...under('module.', own)])],
    ['beside the tensors of a loss', new Map([['criterion.weight', constant([2], 1, 2)], ...under('model.', own)])],
    ['with the prefix of RobustBench’s normalised models', under('model.', own)],
    ['with both prefixes', under('module.model.', own)],
    ['with the prefix of a Sequential whose normalisation has no constants', under('1.', own)],
    ['with a second, equal copy', join(own, under('attacker.model.', join(own, counters)))],
  ])('%s', (_, tensors) => {
    const seen = underNames(net, tensors)
    expect(seen.normalisation).toBeUndefined()
    expect(new Map([...seen.tensors].sort())).toEqual(new Map([...own].sort()))
  })

  it('of a network with numbered layers, inside a Sequential that has numbers too', () => {
    const numbered = stateDict(mnistNet)
    const grey = new Map([
      ['0.mean', constant([1], 0.1307)],
      ['0.std', constant([1], 0.3081)],
    ])
    const seen = underNames(mnistNet, join(grey, under('1.', numbered)))
    expect(seen.tensors).toEqual(numbered)
    expect(seen.normalisation?.mean[0]).toBeCloseTo(0.1307, 7)
  })

  it('that the architecture lists as unused are ignored for that architecture only', () => {
    const wide = wideResnet({ depth: 10, factor: 1, width: 2 })
    const extra: NamedTensors = new Map([
      ['sub_block1.layer.0.conv1.weight', constant([1], 1)],
      ['sub_block1.layer.0.bn1.running_var', constant([1], 1)],
    ])
    const tensors = join(stateDict(wide), extra)
    expect(underNames(wide, under('module.', tensors)).tensors).toEqual(stateDict(wide))
    expect(refusal(join(own, extra)).actual).toBe(
      'unknown "sub_block1.layer.0.conv1.weight", "sub_block1.layer.0.bn1.running_var"',
    )
  })

  it('of a second copy are unknown if it differs in one bit', () => {
    const first = own.get('linear.bias')
    const other = Float32Array.from(first?.data ?? [])
    other[3] = -Number(other[3])
    const copy = new Map([...under('ema.', own), ['ema.linear.bias', { shape: [10], data: other }]])
    expect(refusal(join(own, copy)).actual).toBe('unknown "ema.linear.bias"')
  })

  it('without the common prefix are unknown, unless the tensors are equal', () => {
    const wrapped = under('module.', own)
    const bias = (value: number): NamedTensors => new Map([['bn1.bias', constant([2], value, value)]])
    expect(refusal(join(wrapped, bias(1))).actual).toBe('unknown "bn1.bias (without module.)"')
    expect(isLeft(read(join(bias(1), wrapped)))).toBe(true)
    const first = own.get('bn1.bias')
    expect(isLeft(read(join(wrapped, new Map(first ? [['bn1.bias', first]] : []))))).toBe(false)
  })

  it('of two networks with as many matching names are refused', () => {
    const second = under('branch2.', unpackWeights(net, seededNumbers(2, parameterCount(net))))
    expect(refusal(join(under('branch1.', own), second)).actual).toMatch(
      /^unknown "branch2\.conv1\.weight", .* in all\)$/,
    )
  })

  it('that are missing or unknown are all in one error, with the names of network and file', () => {
    const renamed = new Map([...own].map(([name, tensor]) => [name.replace('linear', 'fc'), tensor]))
    expect(describeError(refusal(under('module.', renamed)))).toBe(
      'loadTeacher: net.pt: expected a checkpoint of resnet18 of width 2: its 102 tensors, ' +
        'got no "linear.weight" [10, 16], "linear.bias" [10]; unknown "module.fc.weight", "module.fc.bias"',
    )
  })

  it('in an empty file are reported as missing', () => {
    expect(refusal(new Map()).hint).toBe('The file holds nothing.')
  })
})

describe('a normalisation’s constants in a checkpoint', () => {
  it.each([
    ['RobustBench’s on CIFAR', join(pair('mu', 'sigma'), own)],
    ['RobustBench’s elsewhere', join(pair('normalize.mean', 'normalize.std'), under('model.', own))],
    ['a Sequential’s', under('module.', join(pair('0.mean', '0.std'), under('1.', own)))],
    ['a network’s own', join(pair('mean', 'std'), own)],
    [
      'robustness’',
      under(
        'module.',
        join(
          pair('normalizer.new_mean', 'normalizer.new_std'),
          under('model.', own),
          pair('attacker.normalize.new_mean', 'attacker.normalize.new_std'),
          under('attacker.model.', own),
        ),
      ),
    ],
  ])('become a part of the network: %s', (_, tensors) => {
    const result = read(tensors)
    if (isLeft(result)) throw new Error(describeError(result.left))
    const { architecture, weights } = result.right
    const found = normalisationOf(architecture)
    expect([...(found?.mean ?? []), ...(found?.std ?? [])]).toEqual([...mean.data, ...std.data])
    expect(architecture.name).toBe(net.name)
    expect(weights).toEqual(seededNumbers(1, parameterCount(net)))
  })

  it('that equal the architecture’s in float32 change nothing', () => {
    const normalising = withNormalisation(net, cifar)
    const result = read(join(pair('mu', 'sigma'), own), normalising)
    expect(isLeft(result) ? result.left : result.right.architecture).toBe(normalising)
    const without = read(own, normalising)
    expect(isLeft(without) ? without.left : without.right.architecture).toBe(normalising)
  })

  it.each([
    [
      'a mean',
      [125.3, 123, 113.9],
      [0.247, 0.243, 0.261],
      '125.3; images are in [0, 1]: did you mean 125.3/255 = 0.4914?',
    ],
    ['a std', [0.5, 0.5, 0.5], [0.5, 63, 62.1], '63; images are in [0, 1]: did you mean 63/255 = 0.2471?'],
  ] as const)('in the units of pixels, by %s, are refused with the value that was meant', (_, mu, sigma, actual) => {
    const constants = new Map([
      ['mu', constant([3], ...mu)],
      ['sigma', constant([3], ...sigma)],
    ])
    const { expected, actual: found } = refusal(join(constants, own))
    expect(expected).toBe('a normalisation of images in [0, 1]')
    expect(found.replace(/(\d+\.\d)\d+(?=[;/])/g, '$1')).toBe(actual)
  })

  it('that differ from the architecture’s are refused; the error has both', () => {
    const halves = withNormalisation(net, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] })
    expect(describeError(refusal(join(pair('mu', 'sigma'), own), halves))).toBe(
      'loadTeacher: net.pt: expected a checkpoint of resnet18 of width 2 with the normalisation mean 0.5 0.5 0.5, ' +
        'std 0.5 0.5 0.5, got mean 0.4914 0.4822 0.4465, std 0.2471 0.2435 0.2616',
    )
  })

  it.each([
    [
      'of other channels',
      new Map([
        ['mu', constant([1], 0.5)],
        ['sigma', constant([1], 0.5)],
      ]),
    ],
    [
      'with a std of 0',
      new Map([
        ['mu', mean],
        ['sigma', constant([3], 1, 0, 1)],
      ]),
    ],
    [
      'that are not finite',
      new Map([
        ['mu', constant([3], 0, Number.NaN, 0)],
        ['sigma', std],
      ]),
    ],
    [
      'of another shape',
      new Map([
        ['mu', constant([3, 3], 1, 1, 1, 1, 1, 1, 1, 1, 1)],
        ['sigma', std],
      ]),
    ],
    ['without a partner', new Map([['mu', mean]])],
    [
      'that contradict one another',
      join(
        pair('mu', 'sigma'),
        new Map([
          ['a.mean', std],
          ['a.std', std],
        ]),
      ),
    ],
  ])('%s are unknown tensors', (_, tensors: NamedTensors) => {
    const names = [...tensors.keys()].map((name) => `"${name}"`)
    expect(refusal(join(own, tensors)).actual).toBe(`unknown ${names.join(', ')}`)
  })
})
