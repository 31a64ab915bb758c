/** Budgets of whole networks: the size after the pruned parts are removed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeError, PwoaFailure } from '../../../src/dsl/errors.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { type Counts, countsOf } from '../../../src/models/parameters/counts.js'
import { shrinkNetwork } from '../../../src/models/shrink/shrinkNetwork.js'
import { admmMask } from '../../../src/operators/admmMask.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { pruningTask } from '../../../src/training/pruning/pruningTask.js'
import type { Budget } from '../../../src/training/pruning/rates.js'
import { aggregated, normalised, separable, woven } from '../../models/fixtures.js'
import { randomNetwork, seededNetwork } from '../../support/randomNetworks.js'
import { zooNetworks } from '../../support/zooNetworks.js'

type Budgeted = 'filter' | 'channel'

/** The share of a network that is left when it was pruned by its weights' magnitudes to a budget, and shrunk. */
const shareOf = (
  net: Architecture,
  pattern: Budgeted,
  budget: keyof Counts,
  keep: number,
  exclude: readonly string[] = [],
): number => {
  const { weights, statistics } = seededNetwork(net)
  const mask = maskOf(net, weights, pruningTask('test', net, pattern, { budget, keep }, exclude))
  const pruned = weights.map((value, i) => value * (mask[i] ?? 0))
  const shrunk = shrinkNetwork({ architecture: net, weights: pruned, statistics, mask })
  return countsOf(shrunk.architecture)[budget] / countsOf(net)[budget]
}

const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return describeError(thrown.error)
  }
  return 'not refused'
}

describe.each<Budgeted>(['channel', 'filter'])('by %s, half of', (pattern) => {
  it.each(Object.keys(zooNetworks))('%s is met and not much less', (name) => {
    const net = zooNetworks[name] ?? normalised
    for (const budget of ['flops', 'parameters'] as const) {
      const share = shareOf(net, pattern, budget, 0.5)
      expect(share).toBeLessThanOrEqual(0.5)
      expect(share).toBeGreaterThan(0.4)
    }
  })
})

describe('a budget', () => {
  it.each<Budgeted>(['channel', 'filter'])('of a network of depth-wise convolutions is met by %s', (pattern) => {
    for (const budget of ['flops', 'parameters'] as const) {
      const share = shareOf(separable, pattern, budget, 0.5)
      expect(share).toBeLessThanOrEqual(0.5)
      expect(share).toBeGreaterThan(0.3)
    }
    const { rates } = pruningTask('test', separable, 'filter', { budget: 'flops', keep: 0.5 }, [])
    const together = (node: string) => rates.find(({ parameter }) => parameter.node === node)?.together
    expect(together('depthwise')).toBe(together('expand'))
    expect(together('down')).toBe(together('stem'))
    expect(together('down')).not.toBe(together('expand'))
  })

  it('leaves channels whole that go several at a time', () => {
    const { rates } = pruningTask('test', aggregated, 'filter', { budget: 'parameters', keep: 0.8 }, [])
    expect(rates.map(({ parameter }) => parameter.node)).toEqual(['expand'])
    expect(shareOf(aggregated, 'filter', 'parameters', 0.8)).toBeLessThanOrEqual(0.8)
  })

  it('leaves channels whole that are read apart, or beside others by channel', () => {
    const rated = (pattern: Budgeted) =>
      pruningTask('test', woven, pattern, { budget: 'parameters', keep: 0.9 }, []).rates.map(
        ({ parameter }) => parameter.node,
      )
    // The channels of the images, of the halves of a shuffle, and of what is added to them stay.
    expect(rated('filter')).toEqual(['end'])
    expect(rated('channel')).toEqual(['head'])
    expect(shareOf(woven, 'filter', 'parameters', 0.9)).toBeLessThanOrEqual(0.9)
  })

  it('is met by channels in any network, or refused with the size at the largest rate', () => {
    const budgets = fc.constantFrom<keyof Counts>('flops', 'parameters')
    let met = 0
    fc.assert(
      fc.property(randomNetwork, budgets, fc.double({ min: 0.05, max: 1, noNaN: true }), (net, budget, keep) => {
        const refused = refusal(() => pruningTask('test', net, 'channel', { budget, keep }, []))
        if (refused === 'not refused') {
          met += 1
          expect(shareOf(net, 'channel', budget, keep)).toBeLessThanOrEqual(keep)
          return
        }
        const [, least = ''] = /at least ([0-9.e-]+), which the largest rate, \d+, leaves/.exec(refused) ?? []
        expect(keep).toBeLessThan(Number(least))
        expect(shareOf(net, 'channel', budget, Number(least))).toBeLessThanOrEqual(Number(least))
      }),
      { seed: 4, numRuns: 100 },
    )
    expect(met).toBeGreaterThan(30)
  })

  it('does not prune excluded layers, layers that depend on them, or the logits', () => {
    const net = zooNetworks.resnet18 ?? normalised
    const layers = (pattern: Budgeted, exclude: readonly string[]) =>
      pruningTask('test', net, pattern, { budget: 'flops', keep: 0.8 }, exclude).rates.map(
        ({ parameter }) => parameter.node,
      )
    expect(layers('filter', [])).toContain('conv1')
    expect(layers('filter', [])).not.toContain('linear')
    // The sums of the first stage have the channels of conv1.
    const without = layers('filter', ['conv1'])
    expect(without).not.toContain('layer1.0.conv2')
    expect(without).toContain('layer1.0.conv1')
    // Layers that read the images keep their channels.
    expect(layers('channel', [])).not.toContain('conv1')
    expect(layers('channel', [])).toContain('linear')
  })

  it('of everything prunes nothing', () => {
    expect(pruningTask('test', normalised, 'filter', { budget: 'flops', keep: 1 }, []).rates).toEqual([])
  })

  it.each([
    [
      { budget: 'seconds', keep: 0.5 },
      'filter',
      'rate.budget among parameters, flops, latency, flash, ram, got "seconds"',
    ],
    [{ budget: 'flops', keep: 0 }, 'filter', 'rate.keep in (0, 1], got 0'],
    [{ budget: 'flops', keep: 1.5 }, 'filter', 'rate.keep in (0, 1], got 1.5'],
    [
      { budget: 'flops', keep: 0.5 },
      'irregular',
      'pattern filter or channel for a budget of the shrunk network, got irregular',
    ],
  ] as const)('%j of pattern %s is refused', (rate, pattern, message) => {
    expect(refusal(() => admmMask({ pattern, rate: rate as Budget }))).toContain(message)
  })
})
