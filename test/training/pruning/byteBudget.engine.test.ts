/** Budgets in bytes: rates that meet them, the C files that must keep to them, and what is refused. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../src/dsl/dataset.js'
import { describeError } from '../../../src/dsl/errors.js'
import type { DeviceFigures } from '../../../src/dsl/figures.js'
import { tf } from '../../../src/engine/tf.js'
import { architecture } from '../../../src/models/architecture/architecture.js'
import { prelu, tanh } from '../../../src/models/layers/activations.js'
import { batchNorm2d, conv2d, flatten, linear, maxPool2d, relu } from '../../../src/models/layers/layers.js'
import { freshStatistics } from '../../../src/models/parameters/statistics.js'
import { admmMask } from '../../../src/operators/admmMask.js'
import { modelFiles } from '../../../src/training/network/modelFiles.js'
import { Student } from '../../../src/training/network/network.js'
import { maskTask } from '../../../src/training/pruning/maskTask.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import type { ByteBudget } from '../../../src/training/pruning/rates.js'
import { TrainingMemory } from '../../../src/training/step/memory.js'
import { seededNumbers } from '../../support/numbers.js'
import { seededNetwork } from '../../support/randomNetworks.js'

const net = architecture('small', { height: 8, width: 8, channels: 1 }, [
  conv2d('first', { out: 8, kernel: 3, padding: 1 }),
  batchNorm2d('norm'),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('second', { out: 12, kernel: 3, padding: 1 }),
  tanh(),
  flatten(),
  linear('hidden', { out: 40 }),
  relu(),
  linear('head', { out: 10 }),
])

const noise: Dataset = (() => {
  const images = Uint8Array.from(seededNumbers(5, 4 * 64), (value) => 127.5 * (value + 1))
  const split = { count: 4, images, labels: new Uint16Array(4) }
  return { name: 'noise', origin: 'synthetic', classes: 10, shape: net.input, train: split, test: split }
})()

const figuresOf = (file: string, weights: Float32Array, mask: Float32Array): DeviceFigures => {
  const files = modelFiles(file, { architecture: net, weights, statistics: freshStatistics(net), mask }, noise)
  if (isLeft(files)) throw new Error(describeError(files.left))
  if (!files.right.device) throw new Error('no figures')
  return files.right.device
}

/** What the exported file takes once the network is pruned by magnitude with the rates of a budget. */
const prunedTo = (
  pattern: 'irregular' | 'column' | 'filter',
  rate: ByteBudget,
  rates: 'uniform' | 'learned' | 'erk' = 'uniform',
): DeviceFigures => {
  const { weights } = seededNetwork(net, 3)
  const student = new Student(net, weights)
  const images = tf.tensor4d(new Float32Array(128).fill(0.5), [2, 8, 8, 1])
  const memory = new TrainingMemory()
  const { taskOf, prepare } = maskTask('test', { pattern, rate, rates, exclude: [] })
  prepare(student, memory, images)
  const mask = maskOf(net, weights, taskOf(student, memory))
  student.dispose()
  images.dispose()
  const file = rate.form === 'float32' ? 'net.c' : 'net.int8.c'
  return figuresOf(
    file,
    weights.map((value, i) => value * (mask[i] ?? 0)),
    mask,
  )
}

describe('a budget in bytes', () => {
  it.each([
    ['irregular', 'uniform', 'int8', 7000],
    ['irregular', 'uniform', 'float32', 10_000],
    ['irregular', 'learned', 'int8', 7000],
    ['irregular', 'erk', 'int8', 7000],
    ['column', 'uniform', 'int8', 7000],
    ['filter', 'uniform', 'int8', 6000],
  ] as const)('of flash is met by the exported file: %s, %s, %s, %d bytes', (pattern, rates, form, bytes) => {
    const { flash } = prunedTo(pattern, { budget: 'flash', bytes, form }, rates)
    expect(flash).toBeLessThanOrEqual(bytes)
    // Functions that are not needed after all are counted, and so are hidden units that pruning leaves without inputs.
    expect(flash).toBeGreaterThan(0.4 * bytes)
  })

  it('of RAM is met by fewer filters', () => {
    const whole = prunedTo('filter', { budget: 'ram', bytes: 10_000 })
    expect(whole.ram).toBe(64 + 512 + 128 + 40)
    expect(prunedTo('filter', { budget: 'ram', bytes: 500 }).ram).toBeLessThanOrEqual(500)
  })

  it('that the whole network meets prunes nothing', () => {
    expect(prunedTo('irregular', { budget: 'flash', bytes: 100_000 }).kept).toBe(
      prunedTo('irregular', { budget: 'flash', bytes: 100_000 }).operations,
    )
  })

  it.each([
    [
      'irregular',
      { budget: 'flash', bytes: 1000 },
      /at least \d+ bytes of flash, which the largest rate, [\d.]+, leaves, got 1000/,
    ],
    [
      'irregular',
      { budget: 'ram', bytes: 300 },
      /at least \d+ bytes of ram, which the largest rate, [\d.]+, leaves, got 300/,
    ],
    ['filter', { budget: 'ram', bytes: 100 }, /at least \d+ bytes of ram, which the largest rate, 40, leaves, got 100/],
  ] as const)(
    'that no rate of pattern %s meets is refused with the smallest possible: %j',
    (pattern, rate, message) => {
      expect(() => prunedTo(pattern, rate)).toThrow(message)
    },
  )

  it.each([
    ['2:4', 'uniform', /a pattern of groups that compete, for a budget in bytes, got 2:4/],
    ['filter', 'erk', /uniform rates for a budget of the shrunk network, got erk/],
  ] as const)('of pattern %s with %s rates is refused', (pattern, rates, message) => {
    expect(() => admmMask({ pattern, rates, rate: { budget: 'flash', bytes: 9000 } })).toThrow(message)
  })

  it('of a network with a layer without C code names the layer', () => {
    const odd = architecture('odd', net.input, [
      conv2d('first', { out: 2, kernel: 3 }),
      prelu('slope'),
      flatten(),
      linear('head', { out: 2 }),
    ])
    const student = new Student(odd, seededNetwork(odd).weights)
    const images = tf.tensor4d(new Float32Array(64), [1, 8, 8, 1])
    const rate = { budget: 'flash', bytes: 9000 } as const
    const { prepare } = maskTask('test', { pattern: 'irregular', rate, rates: 'uniform', exclude: [] })
    expect(() => prepare(student, new TrainingMemory(), images)).toThrow(/got a prelu layer, "slope"/)
    student.dispose()
    images.dispose()
  })
})
