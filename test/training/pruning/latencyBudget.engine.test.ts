/** Budgets in time: the search by a measured cost, the state that a run keeps of it, and the measurement of time. */
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { conv2d, flatten, linear, relu } from '../../../src/models/layers/layers.js'
import { countsOf } from '../../../src/models/parameters/counts.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { shrinkNetwork } from '../../../src/models/shrink/shrinkNetwork.js'
import { admmMask } from '../../../src/operators/admmMask.js'
import { Student } from '../../../src/training/network/network.js'
import { timeInTurn } from '../../../src/training/network/timeInTurn.js'
import { budgetRates } from '../../../src/training/pruning/budget.js'
import { maskTask } from '../../../src/training/pruning/maskTask.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { TrainingMemory } from '../../../src/training/step/memory.js'
import { memory as alive } from '../../support/context.js'
import { seededNetwork } from '../../support/randomNetworks.js'
import { zooNetworks } from '../../support/zooNetworks.js'

const shrunkBy = (net: Architecture, mask: Float32Array): Architecture => {
  const { weights, statistics } = seededNetwork(net)
  const pruned = weights.map((value, i) => value * (mask[i] ?? 0))
  return shrinkNetwork({ architecture: net, weights: pruned, statistics, mask }).architecture
}

describe('a cost that is measured', () => {
  const net = zooNetworks.resnet18 ?? zooNetworks.mnistNet
  if (!net) throw new Error('no network')
  /** A tenth of the time does not depend on filters. */
  const shareOf = (smaller: Architecture): number => 0.1 + (0.9 * countsOf(smaller).flops) / countsOf(net).flops

  it('is met by the network that is left, in few measurements', () => {
    let measured = 0
    const cost = {
      shareOf: (smaller: Architecture) => {
        measured += 1
        return shareOf(smaller)
      },
      precision: 0.02,
    }
    const rates = budgetRates('test', net, 'channel', { budget: 'latency', keep: 0.5 }, [], cost)
    const mask = maskOf(net, seededNetwork(net).weights, { pattern: 'channel', rates })
    expect(shareOf(shrunkBy(net, mask))).toBeLessThanOrEqual(0.5)
    expect(shareOf(shrunkBy(net, mask))).toBeGreaterThan(0.4)
    expect(measured).toBeLessThan(12)
  })

  it('that can not be met is refused, with the time at the largest rate', () => {
    expect(() =>
      budgetRates('test', net, 'filter', { budget: 'latency', keep: 0.05 }, [], { shareOf, precision: 0.02 }),
    ).toThrow(/a share of the latency of at least 0\.1\d*, which the largest rate, 64, leaves, got 0\.05/)
  })
})

/** Wide enough that all but a fraction of its time is in channels that may go. */
const wide = architecture('wide', { height: 16, width: 16, channels: 3 }, [
  conv2d('first', { out: 48, kernel: 3, padding: 1 }),
  relu(),
  conv2d('second', { out: 96, kernel: 3, padding: 1 }),
  relu(),
  conv2d('third', { out: 32, kernel: 3, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('head', { out: 3 }),
])

describe('a latency budget', () => {
  it('determines rates before the first step, which a resumed run has too, and leaves no tensors', () => {
    const { weights } = seededNetwork(wide)
    const student = new Student(wide, weights)
    const images = tf.tensor4d(new Float32Array(768), [1, 16, 16, 3])
    const before = alive()
    const memory = new TrainingMemory()
    const target = {
      pattern: 'filter',
      rate: { budget: 'latency', keep: 0.6, images: 4 },
      rates: 'uniform',
      exclude: [],
    } as const
    const { taskOf, prepare } = maskTask('test', target)
    prepare(student, memory, images)
    const { rates } = taskOf(student, memory)
    expect(rates.map(({ parameter }) => parameter.node)).toEqual(['first', 'second', 'third'])
    // One rate for all, at most so that a filter stays.
    const rate = Math.max(...rates.map((layer) => layer.rate))
    expect(rates.map((layer) => layer.rate)).toEqual([48, 96, 32].map((units) => Math.min(units, rate)))
    expect(rate).toBeGreaterThan(1)
    const left = shrunkBy(wide, maskOf(wide, weights, taskOf(student, memory)))
    expect(countsOf(left).flops).toBeLessThan(countsOf(wide).flops)

    const resumed = new TrainingMemory()
    resumed.restore(memory.snapshot())
    expect(maskTask('test', target).taskOf(student, resumed).rates).toEqual(rates)
    expect(alive()).toEqual(before)
    student.dispose()
    images.dispose()
  })

  it('is searched once for all stages', () => {
    const student = new Student(wide, new Float32Array(parameterCount(wide)))
    let looked = 0
    const exclude = new Proxy<readonly string[]>([], {
      get: (target, property, receiver) => {
        looked += 1
        return Reflect.get(target, property, receiver)
      },
    })
    const rate = { budget: 'flops', keep: 0.5 } as const
    const { taskOf } = maskTask('test', { pattern: 'channel', rate, rates: 'uniform', exclude })
    const first = taskOf(student, new TrainingMemory())
    expect(first.rates.length).toBeGreaterThan(0)
    const once = looked
    expect(once).toBeGreaterThan(0)
    expect(taskOf(student, new TrainingMemory())).toEqual(first)
    expect(looked).toBe(once)
    student.dispose()
  })

  it.each([
    [{ budget: 'latency', keep: 0.5, images: 0 }, 'filter', /rate\.images to be a whole number/],
    [{ budget: 'latency', keep: 1.5 }, 'filter', /rate\.keep in \(0, 1\], got 1\.5/],
    [{ budget: 'latency', keep: 0.5 }, 'irregular', /pattern filter or channel for a budget/],
  ] as const)('%j of pattern %s is refused', (rate, pattern, message) => {
    expect(() => admmMask({ pattern, rate })).toThrow(message)
  })
})

describe('alternating timing', () => {
  /** Each piece of work takes the times in its list, round by round. */
  const clocked = (durations: readonly (readonly number[])[]) => {
    let now = 0
    const works = durations.map((each) => {
      let round = 0
      return () => {
        now += each[round++] ?? 0
      }
    })
    return { works, now: () => now }
  }

  it('is of each round after the first', () => {
    const { works, now } = clocked([
      [500, 100, 300],
      [900, 200, 400],
    ])
    expect(timeInTurn(works, { rounds: 2, seconds: 60 }, now)).toEqual([
      [0.1, 0.3],
      [0.2, 0.4],
    ])
  })

  it('ends when it is over, after one round at least', () => {
    const { works, now } = clocked([[0, 700, 700, 700, 700]])
    expect(timeInTurn(works, { rounds: 4, seconds: 1 }, now)).toEqual([[0.7, 0.7]])
    const slow = clocked([[0, 5000, 5000]])
    expect(timeInTurn(slow.works, { rounds: 4, seconds: 1 }, slow.now)).toEqual([[5]])
  })
})
