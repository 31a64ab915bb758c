import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { readArgument } from '../../../src/dsl/options/declare.js'
import { projectionMask } from '../../../src/math/projection.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { flatten, linear } from '../../../src/models/layers/layers.js'
import { parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { lenet5, mnistNet } from '../../../src/models/zoo/zoo.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { type Budget, layerRates, type Rate, rateOption } from '../../../src/training/pruning/rates.js'
import { nonEmpty } from '../../support/expectEvery.js'
import { seededNumbers } from '../../support/numbers.js'

const weightsOf = (net: Architecture) => parametersOf(net).filter(({ role }) => role === 'weight')

const rates = (
  rate: Exclude<Rate, Budget>,
  exclude: readonly string[] = [],
  net = mnistNet,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    layerRates('admmMask', net, rate, exclude).map(({ parameter, rate: value }) => [parameter.node, value]),
  )

describe('layerRates', () => {
  it('one rate applies to every layer except the excluded ones', () => {
    expect(rates(4)).toEqual({ 0: 4, 2: 4, 5: 4, 7: 4 })
    expect(rates(4, ['0', '7.weight'])).toEqual({ 2: 4, 5: 4 })
  })

  it('rates by name do not prune other layers; a layer has its own name or that of its weight', () => {
    expect(rates({ 2: 8, '5.weight': 16, 7: 1 })).toEqual({ 2: 8, 5: 16 })
    expect(rates({ 2: 8, 5: 16 }, ['5'])).toEqual({ 2: 8 })
  })

  it('an overall rate without fixed layers is refused, unless a layer has that name', () => {
    expect(() => rates({ overall: 4 })).toThrow(
      'expected a layer among 0, 2, 5, 7; an overall rate needs the rates of fixed layers, too: `fixed: {}`, got "overall"',
    )
    const own = architecture('own', { height: 1, width: 1, channels: 2 }, [flatten(), linear('overall', { out: 3 })])
    expect(layerRates('admmMask', own, { overall: 4 }, []).map(({ rate }) => rate)).toEqual([4])
  })

  it('rate 1 prunes nothing', () => {
    expect(rates(1)).toEqual({})
    expect(rates({ overall: 1, fixed: {} })).toEqual({})
  })

  it('an overall rate is met by the weights that are kept', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(mnistNet, lenet5),
        fc.double({ min: 1.5, max: 40, noNaN: true }),
        fc.double({ min: 1, max: 40, noNaN: true }),
        fc.nat(3),
        (net, overall, fixedRate, which) => {
          const layers = weightsOf(net)
          const fixed = layers[which]?.node ?? ''
          const total = layers.reduce((sum, { size }) => sum + size, 0)
          const spent = Number(layers[which]?.size) / fixedRate
          fc.pre(total / overall - spent > layers.length)
          const solved = layerRates('admmMask', net, { overall, fixed: { [fixed]: fixedRate } }, [])
          const rateOf = new Map(solved.map(({ parameter, rate }) => [parameter.node, rate]))
          expect(rateOf.get(fixed) ?? 1).toBe(fixedRate)
          const kept = layers.reduce((sum, { node, size }) => sum + size / (rateOf.get(node) ?? 1), 0)
          const free = layers.filter(({ node }) => node !== fixed).map(({ node }) => rateOf.get(node) ?? 1)
          expect(new Set(free).size, 'one rate for all that are not fixed').toBe(1)
          // If even unpruned layers do not use up the budget, they are not pruned.
          if (Number(free[0]) > 1) expect(kept / (total / overall)).toBeCloseTo(1, 9)
          else expect(kept).toBeLessThanOrEqual(total / overall + 1e-6)
        },
      ),
      { numRuns: 200, seed: 14 },
    )
  })

  it('and by the masks that follow, up to one weight a layer', () => {
    for (const overall of [2, 4, 8, 16]) {
      const task = {
        pattern: 'irregular',
        rates: layerRates('admmMask', mnistNet, { overall, fixed: { 0: 1 } }, []),
      } as const
      const mask = maskOf(mnistNet, seededNumbers(overall, parameterCount(mnistNet)), task)
      const layers = weightsOf(mnistNet)
      const kept = layers.reduce(
        (sum, { offset, size }) => sum + mask.subarray(offset, offset + size).reduce((a, b) => a + b, 0),
        0,
      )
      const total = layers.reduce((sum, { size }) => sum + size, 0)
      expect(Math.abs(kept - total / overall)).toBeLessThanOrEqual(layers.length)
    }
  })

  it('layers left out count neither as weights nor as budget', () => {
    const found = rates({ overall: 4, fixed: { 7: 2 } }, ['5'])
    // 256 + 8192 + 1000 weights; a quarter is 2362, of which 7 has 500, so 8448 in 1862.
    expect(found).toEqual({ 0: 8448 / 1862, 2: 8448 / 1862, 7: 2 })
  })

  it.each([
    [{ conv: 4 }, [], 'a layer among 0, 2, 5, 7, got "conv"'],
    [4, ['fc'], 'a layer among 0, 2, 5, 7, got "fc"'],
    [4, ['0.bias'], 'a layer among 0, 2, 5, 7, got "0.bias"'],
    [{ overall: 4, fixed: { 9: 2 } }, [], 'a layer among 0, 2, 5, 7, got "9"'],
    [
      { overall: 16, fixed: { 5: 1 } },
      [],
      'fixed layers that leave room in the 10390 weights of 16x overall, got 156800 weights in them',
    ],
    [
      { overall: 4, fixed: { 0: 2, 2: 2, 5: 2, 7: 2 } },
      [],
      'at least one layer that is not fixed, to meet the overall rate, got none',
    ],
  ] as const)('refuses %j without %j', (rate, exclude, message) => {
    expect(() => rates(rate, exclude)).toThrow(PwoaFailure)
    expect(() => rates(rate, exclude)).toThrow(`admmMask: expected ${message}`)
  })
})

describe('a rate', () => {
  const read = (rate: unknown) => readArgument('admmMask', 'rate', rateOption(), rate)

  it.each([
    4,
    { 2: 8 },
    { overall: 16, fixed: {} },
    { budget: 'flops', keep: 0.5 },
    { budget: 'latency', keep: 1, images: 2 },
    { budget: 'flash', bytes: 32_768, form: 'int8' },
    { budget: 'ram', bytes: 16_384, form: 'float32' },
  ])('may be %j', (rate) => {
    expect(read(rate)).toEqual(rate)
  })

  it.each([
    [0.5, 'rate >= 1, got 0.5'],
    [Number.NaN, 'rate >= 1, got NaN'],
    [Number.POSITIVE_INFINITY, 'rate >= 1, got Infinity'],
    [
      'half',
      'rate to be a number >= 1, a rate for each layer, an overall rate with fixed layers, or a budget, got "half"',
    ],
    [{ 2: 0 }, 'rate.2 >= 1, got 0'],
    [{ overall: 0, fixed: {} }, 'rate.overall >= 1, got 0'],
    [{ overall: 4, fixed: { 2: -1 } }, 'rate.fixed.2 >= 1, got -1'],
    [{ overall: 4, fixed: {}, least: 1 }, 'options of rate among overall, fixed, got the unknown option "least"'],
    [
      { budget: 'flop', keep: 0.5 },
      'rate.budget among parameters, flops, latency, flash, ram, got "flop"; did you mean flops?',
    ],
    [{ budget: 'flops', keep: 2 }, 'rate.keep in (0, 1], got 2'],
    [{ budget: 'flops', keep: 0.5, images: 1 }, 'options of rate among budget, keep, got the unknown option "images"'],
    [{ budget: 'flash', bytes: 0 }, 'rate.bytes to be a whole number >= 1, got 0'],
    [{ budget: 'ram', keep: 0.5 }, 'options of rate among budget, bytes, form, got the unknown option "keep"'],
    [{ budget: 'flash', bytes: 9, form: 'bf16' }, 'rate.form among int8, float32, got "bf16"'],
    [{ budget: 'latency', keep: 0.5, images: 0 }, 'rate.images to be a whole number >= 1, got 0'],
  ])('is refused as %j', (rate, message) => {
    expect(() => read(rate)).toThrow(`admmMask: expected ${message}`)
  })
})

describe('maskOf', () => {
  it('is the projection of the pruned layers, and 1 everywhere else', () => {
    const weights = seededNumbers(3, parameterCount(mnistNet))
    for (const pattern of ['irregular', 'filter', 'column'] as const) {
      const mask = maskOf(mnistNet, weights, { pattern, rates: layerRates('test', mnistNet, { 2: 4 }, []) })
      for (const { node, role, offset, size, shape } of nonEmpty(parametersOf(mnistNet))) {
        const own = mask.subarray(offset, offset + size)
        const columns = shape.at(-1) ?? 1
        const expected =
          node === '2' && role === 'weight'
            ? projectionMask(
                { values: weights.subarray(offset, offset + size), rows: size / columns, columns },
                pattern,
                4,
              )
            : new Uint8Array(size).fill(1)
        expect(Array.from(own)).toEqual(Array.from(expected))
      }
    }
  })
})
