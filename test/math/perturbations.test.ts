import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import {
  type BatchShape,
  blockNoise,
  type Perturbation,
  signNoise,
  uniformNoise,
} from '../../src/math/perturbations.js'
import { stream } from '../../src/math/random.js'
import { expectEvery } from '../support/expectEvery.js'

const shapes = fc.record({
  examples: fc.integer({ min: 1, max: 4 }),
  height: fc.integer({ min: 1, max: 12 }),
  width: fc.integer({ min: 1, max: 12 }),
  channels: fc.integer({ min: 1, max: 3 }),
})
const epsilons = fc.double({ min: 0.001, max: 1, noNaN: true })
const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 100, seed: 13 })

const makers: Readonly<Record<string, (epsilon: number) => Perturbation>> = {
  blockNoise: (epsilon) => blockNoise({ epsilon }),
  signNoise: (epsilon) => signNoise({ epsilon }),
  uniformNoise: (epsilon) => uniformNoise({ epsilon }),
}

const draw = (perturbation: Perturbation, shape: BatchShape, seed = 0): Float32Array =>
  perturbation.draw(shape, stream(seed, 'perturb'))

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length

describe.each(Object.entries(makers))('%s', (name, make) => {
  it('lies within ε, fills the batch, and is a function of its stream', () => {
    check(
      fc.property(shapes, epsilons, seeds, (shape, epsilon, seed) => {
        const noise = draw(make(epsilon), shape, seed)
        expect(noise.length).toBe(shape.examples * shape.height * shape.width * shape.channels)
        const radius = Math.fround(epsilon)
        expectEvery(noise, (value) => Math.abs(value) <= radius)
        if (name !== 'uniformNoise') expectEvery(noise, (value) => Math.abs(value) === radius)
        expect(draw(make(epsilon), shape, seed)).toEqual(noise)
      }),
    )
  })

  it('is balanced, and differs from draw to draw and from example to example', () => {
    const shape = { examples: 40, height: 14, width: 14, channels: 1 }
    const random = stream(4, 'perturb')
    const perturbation = make(0.5)
    const draws = Array.from({ length: 20 }, () => perturbation.draw(shape, random))
    // Blocks of 7 × 7 leave 4 independent signs per example: at least 3,200 in all, deviation 0.5 / √3200 = 0.009.
    expect(Math.abs(mean(draws.flatMap((noise) => [...noise])))).toBeLessThan(0.04)
    expect(draws[1]).not.toEqual(draws[0])
    const [first] = draws
    expect(first?.slice(0, 196)).not.toEqual(first?.slice(196, 392))
  })

  it.each([0, -0.1, 1.01, Number.NaN, Number.POSITIVE_INFINITY])('refuses ε = %d', (epsilon) => {
    expect(() => make(epsilon)).toThrow(PwoaFailure)
    expect(() => make(epsilon)).toThrow(`${name}: expected epsilon in (0, 1], got ${epsilon}`)
  })
})

describe('blockNoise', () => {
  it('has one sign in each block of k × k pixels and channel', () => {
    check(
      fc.property(shapes, fc.integer({ min: 1, max: 7 }), seeds, (shape, edge, seed) => {
        const { examples, height, width, channels } = shape
        const noise = draw(blockNoise({ epsilon: 1, blocks: [edge] }), shape, seed)
        const signs = new Map<string, Set<number>>()
        for (const [i, value] of noise.entries()) {
          const channel = i % channels
          const x = Math.floor(i / channels) % width
          const y = Math.floor(i / channels / width) % height
          const key = [
            Math.floor(i / channels / width / height),
            Math.floor(y / edge),
            Math.floor(x / edge),
            channel,
          ].join()
          signs.set(key, (signs.get(key) ?? new Set()).add(value))
        }
        expectEvery(signs.values(), (values) => values.size === 1)
        expect(signs.size).toBe(examples * Math.ceil(height / edge) * Math.ceil(width / edge) * channels)
      }),
    )
  })

  it('neighbouring blocks have independent signs', () => {
    const noise = draw(blockNoise({ epsilon: 1, blocks: [2] }), { examples: 100, height: 4, width: 4, channels: 2 })
    const corner = (example: number, y: number, x: number, c: number) =>
      Number(noise[((example * 4 + y) * 4 + x) * 2 + c])
    const agreement = (y: number, x: number, c: number): number =>
      mean(Array.from({ length: 100 }, (_, i) => corner(i, 0, 0, 0) * corner(i, y, x, c)))
    // Independent signs: deviation 0.1.
    for (const [y, x, c] of [
      [0, 2, 0],
      [2, 0, 0],
      [0, 0, 1],
    ] as const)
      expect(Math.abs(agreement(y, x, c))).toBeLessThan(0.4)
  })

  it('draws an edge for each minibatch, from those given', () => {
    const random = stream(2, 'perturb')
    const perturbation = blockNoise({ epsilon: 1, blocks: [1, 4] })
    const whole = Array.from({ length: 60 }, () => {
      const noise = perturbation.draw({ examples: 2, height: 4, width: 4, channels: 1 }, random)
      return noise.slice(0, 16).every((value) => value === noise[0])
    })
    const share = mean(whole.map(Number))
    // Half of the draws take 4; deviation 0.065.
    expect(Math.abs(share - 0.5)).toBeLessThan(0.25)
  })

  it('uses edges from 1 to 7 by default, and says so in the plan', () => {
    expect(blockNoise({ epsilon: 0.3 }).config).toEqual({ epsilon: 0.3, blocks: [1, 2, 3, 4, 5, 6, 7] })
  })

  it.each([
    [[], 'blockNoise: expected blocks to be a list of at least 1, each to be a whole number >= 1, got []'],
    [[2, 0], 'blockNoise: expected blocks[1] to be a whole number >= 1, got 0'],
    [[1.5], 'blockNoise: expected blocks[0] to be a whole number >= 1, got 1.5'],
  ])('refuses the edges %j', (blocks, message) => {
    expect(() => blockNoise({ epsilon: 0.3, blocks })).toThrow(message)
  })
})

describe('uniformNoise', () => {
  it('is uniform in the ball', () => {
    const noise = draw(uniformNoise({ epsilon: 0.3 }), { examples: 10, height: 28, width: 28, channels: 1 })
    // 7,840 draws of variance 0.03: the mean's deviation is 0.002, the variance's 0.0003.
    expect(Math.abs(mean(noise))).toBeLessThan(0.008)
    expect(Math.abs(mean(noise.map((value) => value * value)) - 0.03)).toBeLessThan(0.0012)
  })
})
