import type { Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { autoAttack } from '../../src/attacks/autoAttack.js'
import type { Classifier } from '../../src/attacks/common/attack.js'
import { targetedDlr } from '../../src/attacks/common/losses.js'
import { norms } from '../../src/attacks/common/norms.js'
import { randomPerturbations } from '../../src/attacks/common/starts.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import { runAttack } from '../../src/attacks/run.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { stream } from '../../src/math/random.js'
import {
  attacked,
  CLASSES,
  curvedClassifier,
  linearClassifier,
  PIXELS,
  type Problem,
  problem,
  SIDE,
} from '../support/attacked.js'
import { expectEvery, isPixel, nonEmpty } from '../support/expectEvery.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Float32 rounding of image ± ε: half a step below 1. */
const ROUNDING = 1e-6

const clip = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

const attacks = fc.record({
  epsilon: fc.double({ min: 0.01, max: 1, noNaN: true }),
  steps: fc.integer({ min: 1, max: 6 }),
  stepSize: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
  start: fc.constantFrom('uniform' as const, 'image' as const),
})

const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 25, seed: 7 })

describe('FGSM and PGD', () => {
  it('stay within ε and [0, 1] on any classifier', () => {
    check(
      fc.property(seeds, attacks, fc.boolean(), (seed, options, isLinear) => {
        const given = problem(seed, 3)
        const classifier = (isLinear ? linearClassifier : curvedClassifier)(given.weights)
        for (const attack of [fgsm({ epsilon: options.epsilon }), pgd(options)]) {
          const found = attacked(attack, given, classifier, { seed })
          const worst = found.reduce((gap, value, i) => Math.max(gap, Math.abs(value - Number(given.images[i]))), 0)
          expect(worst).toBeLessThanOrEqual(options.epsilon + ROUNDING)
          expectEvery(found, isPixel)
        }
      }),
    )
  })

  it('return the same images for the same input and seed', () => {
    check(
      fc.property(seeds, attacks, (seed, options) => {
        const given = problem(seed, 3)
        const run = () => attacked(pgd(options), given, curvedClassifier(given.weights), { seed })
        expect(run()).toEqual(run())
      }),
    )
  })

  it('the start of PGD depends on the seed, the name and the example', () => {
    const given = problem(3, 2)
    const same = {
      ...given,
      images: Float32Array.from([...given.images.slice(0, PIXELS), ...given.images.slice(0, PIXELS)]),
    }
    const start = (options: { readonly name?: string }, seed: number): Float32Array =>
      attacked(pgd({ epsilon: 0.3, steps: 1, stepSize: 1e-9, ...options }), same, linearClassifier(given.weights), {
        seed,
      })
    const base = start({}, 0)
    expect(distance(start({}, 1), base)).toBeGreaterThan(0.1)
    expect(distance(start({ name: 'pgd-again' }, 0), base)).toBeGreaterThan(0.1)
    expect(distance(base.slice(PIXELS), base.slice(0, PIXELS)), 'two examples with the same image').toBeGreaterThan(0.1)
  })

  it('give the same result for an example alone as in a batch', () => {
    check(
      fc.property(seeds, attacks, (seed, options) => {
        const given = problem(seed, 4)
        const classifier = curvedClassifier(given.weights)
        const together = attacked(pgd(options), given, classifier, { seed })
        for (const i of [0, 3]) {
          const one = {
            ...given,
            images: given.images.slice(i * PIXELS, (i + 1) * PIXELS),
            classes: given.classes.slice(i, i + 1),
          }
          const alone = attacked(pgd(options), one, classifier, { seed, first: i })
          expect(distance(alone, together.slice(i * PIXELS, (i + 1) * PIXELS))).toBeLessThan(ROUNDING)
        }
      }),
    )
  })

  it('start uniformly in the ball, at the same point alone as in a batch', () => {
    const images = new Float32Array(200 * PIXELS).fill(0.5)
    const startOf = (indices: Uint32Array): Float32Array =>
      tf.tidy(() => {
        const x = tf.tensor4d(images.slice(0, indices.length * PIXELS), [indices.length, SIDE, SIDE, 1])
        const { ball, fillInside } = norms.Linf
        const noise = randomPerturbations({ images: x, indices, seed: 5 }, ['pgd', 0], (out, random) =>
          fillInside(out, 0.3, random),
        )
        return ball(x, 0.3).project(tf.add(x, noise)).dataSync<'float32'>()
      })
    const all = startOf(Uint32Array.from({ length: 200 }, (_, i) => i))
    expect(startOf(Uint32Array.of(17))).toEqual(all.slice(17 * PIXELS, 18 * PIXELS))
    const noise = Float64Array.from(all, (value) => value - 0.5)
    const mean = noise.reduce((a, b) => a + b) / noise.length
    const variance = noise.reduce((a, b) => a + b * b, 0) / noise.length
    // With 5,000 draws, the standard deviation of the mean is 0.0025, and that of the variance (0.03) is 0.0004.
    expect(Math.abs(mean)).toBeLessThan(0.01)
    expect(Math.abs(variance - 0.03)).toBeLessThan(0.0016)
  })

  it('return images that the caller owns, and free all other tensors', () => {
    const given = problem(1, 2)
    const images = tf.tensor4d(given.images, [2, SIDE, SIDE, 1])
    const labels = tf.tensor2d([1, 0, 0, 0, 1, 0], [2, 3])
    const weights = tf.tensor4d(given.weights.slice(0, 27), [3, 3, 1, 3])
    const classifier: Classifier = (x) => tf.sum(tf.relu(tf.conv2d(x, weights, 1, 'valid')), [1, 2])
    for (const attack of [
      fgsm({ epsilon: 0.3 }),
      pgd({ epsilon: 0.3, steps: 3, stepSize: 0.1 }),
      pgd({ epsilon: 0.3, steps: 3, stepSize: 0.1, start: 'image' }),
    ]) {
      const before = tf.memory().numTensors
      const result = runAttack(attack, { classifier, images, labels, indices: Uint32Array.of(0, 1), seed: 0 })
      expect(tf.memory().numTensors, attack.name).toBe(before + 1)
      result.dispose()
    }
    expect(images.isDisposed || labels.isDisposed, 'do not free their input').toBe(false)
    tf.dispose([images, labels, weights])
  })
})

describe('on a linear classifier', () => {
  /** ∂CE/∂x = W·(softmax − y), in float64. */
  const gradientOf = ({ images, weights, classes }: Problem): readonly number[] =>
    classes.flatMap((target, example) => {
      const x = images.slice(example * PIXELS, (example + 1) * PIXELS)
      const logits = Array.from({ length: CLASSES }, (_, c) =>
        x.reduce((sum, value, p) => sum + value * Number(weights[p * CLASSES + c]), 0),
      )
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0)
      return Array.from({ length: PIXELS }, (_, p) =>
        logits.reduce(
          (sum, z, c) => sum + Number(weights[p * CLASSES + c]) * (Math.exp(z) / total - (c === target ? 1 : 0)),
          0,
        ),
      )
    })

  it('FGSM is x + ε·sign of W·(softmax − y)', () => {
    check(
      fc.property(seeds, fc.double({ min: 0.01, max: 1, noNaN: true }), (seed, epsilon) => {
        const given = problem(seed, 3)
        const gradient = gradientOf(given)
        const found = attacked(fgsm({ epsilon }), given, linearClassifier(given.weights))
        for (const [i, g] of nonEmpty(gradient.entries()))
          if (Math.abs(g) > 1e-5)
            expect(
              Math.abs(Number(found[i]) - clip(Number(given.images[i]) + epsilon * Math.sign(g), 0, 1)),
            ).toBeLessThan(ROUNDING)
      }),
    )
  })

  it('FGSM with a random start is x + δ and a step of 1.25 ε from there, each clipped to the ball and [0, 1]', () => {
    check(
      fc.property(seeds, fc.double({ min: 0.01, max: 0.5, noNaN: true }), (seed, epsilon) => {
        const given = problem(seed, 3)
        const cut = (value: number, i: number): number => {
          const x = Number(given.images[i])
          return clip(clip(value, x - epsilon, x + epsilon), 0, 1)
        }
        // δ is uniform in [−ε, ε], and each example has its own stream.
        const streams = given.classes.map((_, index) => stream(seed, index, 'pgd', 0))
        const start = given.images.map((x, i) => {
          const uniform = streams[Math.floor(i / PIXELS)]?.uniform() ?? Number.NaN
          return cut(x + epsilon * (2 * uniform - 1), i)
        })
        const attack = pgd({ epsilon, steps: 1, stepSize: 1.25 * epsilon })
        const found = attacked(attack, given, linearClassifier(given.weights), { seed })
        for (const [i, g] of nonEmpty(gradientOf({ ...given, images: start }).entries()))
          if (Math.abs(g) > 1e-5) {
            const expected = cut(Number(start[i]) + 1.25 * epsilon * Math.sign(g), i)
            expect(Math.abs(Number(found[i]) - expected)).toBeLessThan(ROUNDING)
          }
      }),
    )
  })

  it('with two classes, PGD with enough steps ends in the corner of the ball from any start', () => {
    check(
      fc.property(seeds, fc.constantFrom('uniform' as const, 'image' as const), (seed, start) => {
        const given = problem(seed, 2)
        // Two classes: W·(softmax − y) = p·(w_other − w_target) has the same sign everywhere.
        const weights = seededNumbers(seed + 2, PIXELS * 2)
        const epsilon = 0.2
        const found = tf.tidy(() =>
          runAttack(pgd({ epsilon, steps: 9, stepSize: 0.05, start }), {
            classifier: linearClassifier(weights),
            images: tf.tensor4d(given.images, [2, SIDE, SIDE, 1]),
            labels: tf.tensor2d([1, 0, 0, 1], [2, 2]),
            indices: Uint32Array.of(0, 1),
            seed,
          }).dataSync(),
        )
        const corner = Array.from(given.images, (value, i) => {
          const p = i % PIXELS
          const towards = Number(weights[2 * p + 1]) - Number(weights[2 * p])
          return clip(value + epsilon * Math.sign(i < PIXELS ? towards : -towards), 0, 1)
        })
        expect(distance(found, corner)).toBeLessThan(ROUNDING)
      }),
    )
  })

  it('FGSM raises the loss if the network is almost certain and gradients are tiny', () => {
    // The loss is e^−margin. From a margin of 17 on, softmax − labels is 0 in float32, and there is no gradient.
    for (const margin of [5, 14, 15]) {
      const images = new Float32Array(PIXELS).fill(0.5)
      const classifier: Classifier = (x) => {
        const evidence = tf.sum(tf.reshape(x, [-1, PIXELS]), 1, true)
        return tf.concat(
          [tf.mul(evidence, (2 * margin) / PIXELS), tf.zerosLike(evidence), tf.zerosLike(evidence)],
          1,
        ) as Tensor2D
      }
      const given = { images, weights: new Float32Array(PIXELS * CLASSES), classes: [0] }
      const found = attacked(fgsm({ epsilon: 0.1 }), given, classifier)
      expect(distance(found, new Float32Array(PIXELS).fill(0.4)), `margin ${margin}`).toBeLessThan(ROUNDING)
    }
  })
})

describe('parts', () => {
  it('sign is −1, 0 or 1 down to the smallest normal number', () => {
    const values = [3e38, 1, 1e-3, 1e-6, 1e-7, 1e-8, 1e-20, 1.2e-38]
    const found = tf.tidy(() => Array.from(tf.sign(tf.tensor1d([...values, 0, ...values.map((v) => -v)])).dataSync()))
    expect(found).toEqual([...values.map(() => 1), 0, ...values.map(() => -1)])
  })

  it('the projection on the ball is idempotent and returns the nearest point', () => {
    check(
      fc.property(seeds, fc.double({ min: 0.01, max: 1, noNaN: true }), (seed, epsilon) => {
        const centre = problem(seed, 1).images
        const point = seededNumbers(seed + 9, PIXELS).map((value) => 2 * value)
        const [once, twice] = tf.tidy(() => {
          const { project } = norms.Linf.ball(tf.tensor4d(centre, [1, SIDE, SIDE, 1]), epsilon)
          const first = project(tf.tensor4d(point, [1, SIDE, SIDE, 1]))
          return [first.dataSync(), project(first).dataSync()]
        })
        expect(twice).toEqual(once)
        const nearest = Array.from(point, (value, i) => {
          const x = Number(centre[i])
          return clip(value, Math.max(0, x - epsilon), Math.min(1, x + epsilon))
        })
        expect(distance(once ?? [], nearest)).toBeLessThan(ROUNDING)
      }),
    )
  })

  it.each([2, 3])('the targeted ratio of %d classes has a gradient for each target', (count) => {
    const logits = [1.5, 0.5, -2].slice(0, count)
    for (const target of Array.from({ length: count - 1 }, (_, i) => i + 1)) {
      const [loss, gradient] = tf.tidy(() => {
        const { value, grad } = tf.valueAndGrad((z) => tf.sum(targetedDlr([0], [target])(z as Tensor2D)))(
          tf.tensor2d([logits]),
        )
        return [value.dataSync()[0], Array.from(grad.dataSync())]
      })
      expect(loss).toBeCloseTo(Number(logits[target]) - 1.5, 6)
      expect(gradient).toEqual(logits.map((_, c) => (c === target ? 1 : c === 0 ? -1 : 0)))
    }
  })

  const threat = { epsilon: 0.3 }
  it.each([
    [
      () => autoAttack({ ...threat, version: 3 as never }),
      'autoAttack: expected version to be standard, plus, rand or a list of attacks, got 3',
    ],
    [() => autoAttack({ ...threat, version: null as never }), 'standard, plus, rand or a list of attacks, got null'],
    [
      () => autoAttack({ ...threat, version: 'strong' as 'rand' }),
      'autoAttack: expected version among standard, plus, rand, got "strong"',
    ],
    [
      () => autoAttack({ ...threat, version: [] }),
      'expected version to be a list of at least 1, each to be an attack, such as pgd({ … }), got []',
    ],
    [() => autoAttack({ ...threat, version: fgsm(threat) as never }), 'got fgsm(…); write it in [ ]'],
    [() => autoAttack({ ...threat, version: [fgsm(threat), fgsm(threat)] }), 'different names, got "fgsm" twice'],
    [
      () => autoAttack({ ...threat, version: [fgsm({ epsilon: 0.2 })] }),
      'attacks in Linf with epsilon 0.3, got fgsm in Linf with epsilon 0.2',
    ],
  ])('AutoAttack refuses a wrong version, case %#', (make, message) => {
    expect(make).toThrow(PwoaFailure)
    expect(make).toThrow(message)
  })

  it.each([
    [() => fgsm({ epsilon: 0 }), 'fgsm: expected epsilon > 0, got 0'],
    [() => fgsm({ epsilon: Number.NaN }), 'fgsm: expected epsilon > 0, got NaN'],
    [() => pgd({ epsilon: 8, steps: 1, stepSize: 1 }), 'pgd: expected epsilon in (0, 1], got 8; did you mean 8/255?'],
    [() => pgd({ epsilon: 0.3, steps: 0, stepSize: 1 }), 'pgd: expected steps to be a whole number >= 1, got 0'],
    [() => pgd({ epsilon: 0.3, steps: 1.5, stepSize: 1 }), 'pgd: expected steps to be a whole number >= 1, got 1.5'],
    [() => pgd({ epsilon: 0.3, steps: 1, stepSize: 0 }), 'pgd: expected stepSize > 0, got 0'],
  ])('a wrong option is refused when the attack is created, case %#', (make, message) => {
    expect(make).toThrow(PwoaFailure)
    expect(make).toThrow(message)
  })
})
