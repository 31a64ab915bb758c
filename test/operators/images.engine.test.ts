/** Stages that change the images of a minibatch: `perturb` and `adversarial`. */

import type { Tensor } from '@tensorflow/tfjs-core'
import { type Observable, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Attack } from '../../src/attacks/common/attack.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import type { Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { blockNoise, signNoise, uniformNoise } from '../../src/math/perturbations.js'
import { adversarial } from '../../src/operators/adversarial.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { perturb } from '../../src/operators/perturb.js'
import { train } from '../../src/operators/train.js'
import { collect, fakeRun, memory, tinyNet, turns } from '../support/context.js'
import { expectEvery, isPixel, nonEmpty } from '../support/expectEvery.js'
import { lentSteps } from '../support/steps.js'

const PIXELS = 64
const numbers = (tensor: Tensor): Float32Array => Float32Array.from(tensor.dataSync())

const looks = ({ minibatch: { images, labels, size, indices } }: Step) => ({
  images: numbers(images),
  labels: numbers(labels),
  shape: images.shape,
  size,
  indices: [...indices],
})

const run = async (
  stages: (source: Observable<Step>) => Observable<Step>,
  { seed = 1, steps = 4 }: { readonly seed?: number; readonly steps?: number } = {},
) => {
  const before = memory()
  const fake = fakeRun({ seed })
  const seen = await collect(lentSteps(fake).pipe(stages, take(steps)), looks)
  fake.end()
  await turns()
  expect(memory()).toEqual(before)
  return seen
}

const natural = (seed = 1) => run((source) => source, { seed })

/** The largest difference of two images over their pixels, for each example. */
const movedBy = (a: Float32Array, b: Float32Array): readonly number[] =>
  Array.from({ length: a.length / PIXELS }, (_, example) =>
    Math.max(
      ...a
        .subarray(example * PIXELS, (example + 1) * PIXELS)
        .map((value, i) => Math.abs(value - Number(b[example * PIXELS + i]))),
    ),
  )

/** Sum and difference of two float32 numbers below 2. */
const ROUNDING = 1e-6

describe('perturb', () => {
  it.each([blockNoise({ epsilon: 0.3 }), signNoise({ epsilon: 0.1 }), uniformNoise({ epsilon: 0.2 })])(
    'moves every image within ε and [0, 1], and leaves labels: $name',
    async (noise) => {
      const before = await natural()
      const after = await run(perturb(noise))
      for (const [i, { images, labels, shape }] of nonEmpty(after.entries())) {
        expect(shape).toEqual(before[i]?.shape)
        expect(labels).toEqual(before[i]?.labels)
        expectEvery(images, isPixel)
        for (const distance of nonEmpty(movedBy(images, before[i]?.images ?? images))) {
          expect(distance).toBeGreaterThan(0)
          expect(distance).toBeLessThan(noise.epsilon + ROUNDING)
        }
      }
    },
  )

  it('perturbs a share of the minibatch, at least one image', async () => {
    const before = await natural()
    for (const [share, expected] of [
      [0.5, [4, 4, 2, 4]],
      [0.01, [1, 1, 1, 1]],
      [1, [8, 8, 4, 8]],
    ] as const) {
      const after = await run(perturb(signNoise({ epsilon: 0.1 }), { share }))
      const moved = after.map(({ images }, i) => movedBy(images, before[i]?.images ?? images).map((far) => far > 0))
      expect(moved.map((each) => each.filter(Boolean).length)).toEqual(expected)
      // The first images: the minibatch is shuffled.
      for (const each of moved) expect(each.lastIndexOf(true)).toBe(each.filter(Boolean).length - 1)
    }
  })

  it('draws from the seed, again in each minibatch and epoch', async () => {
    const noise = perturb(uniformNoise({ epsilon: 0.3 }))
    const first = await run(noise)
    expect(await run(noise)).toEqual(first)
    const [a, b] = [await natural(), await natural(2)]
    const other = await run(noise, { seed: 2 })
    const drawn = (after: typeof first, before: typeof first, i: number) =>
      after[i]?.images.slice(0, 5).map((value, k) => value - Number(before[i]?.images[k]))
    expect(drawn(other, b, 0)).not.toEqual(drawn(first, a, 0))
    // 3 minibatches per epoch: the fourth is the next epoch's first.
    expect(drawn(first, a, 1)).not.toEqual(drawn(first, a, 0))
    expect(drawn(first, a, 3)).not.toEqual(drawn(first, a, 0))
  })

  it('takes the noise of each epoch from a schedule', async () => {
    const before = await natural()
    const growing = (epoch: number) => signNoise({ epsilon: 0.05 * (epoch + 1) })
    const after = await run(perturb(growing))
    const furthest = after.map(({ images }, i) => Math.max(...movedBy(images, before[i]?.images ?? images)))
    // 3 minibatches per epoch.
    for (const [i, epsilon] of [0.05, 0.05, 0.05, 0.1].entries())
      expect(Math.abs(Number(furthest[i]) - epsilon)).toBeLessThan(ROUNDING)
  })
})

describe('adversarial', () => {
  const attack = pgd({ epsilon: 0.1, steps: 3, stepSize: 0.05 })

  it('replaces the images by attacked ones', async () => {
    const before = await run(initialise(tinyNet))
    const after = await run((source) => source.pipe(initialise(tinyNet), adversarial(attack)))
    for (const [i, { images, labels, size }] of nonEmpty(after.entries())) {
      expect(size).toBe(before[i]?.size)
      expect(labels).toEqual(before[i]?.labels)
      expectEvery(images, isPixel)
      for (const distance of nonEmpty(movedBy(images, before[i]?.images ?? images))) {
        expect(distance).toBeGreaterThan(0.01)
        expect(distance).toBeLessThan(0.1 + ROUNDING)
      }
    }
  })

  it('joins them to the natural ones, with the same labels', async () => {
    const replaced = await run((source) => source.pipe(initialise(tinyNet), adversarial(attack)))
    const before = await run(initialise(tinyNet))
    const joined = await run((source) => source.pipe(initialise(tinyNet), adversarial(attack, { mode: 'join' })))
    for (const [i, { images, labels, size, shape }] of nonEmpty(joined.entries())) {
      const n = before[i]?.size ?? 0
      expect(size).toBe(2 * n)
      expect(shape).toEqual([2 * n, 8, 8, 1])
      expect(images.slice(0, n * PIXELS)).toEqual(before[i]?.images)
      expect(images.slice(n * PIXELS)).toEqual(replaced[i]?.images)
      for (const half of [labels.slice(0, 3 * n), labels.slice(3 * n)]) expect(half).toEqual(before[i]?.labels)
    }
  })

  it('raises the loss of the student at that step', async () => {
    const losses = async (...stages: Parameters<typeof adversarial>[]) => {
      const fake = fakeRun()
      const fresh = lentSteps(fake).pipe(initialise(tinyNet))
      const attacked = stages.reduce((stream, options) => stream.pipe(adversarial(...options)), fresh)
      const trained = attacked.pipe(crossEntropy(), train({ epochs: 4, learningRate: 0.02 }))
      const seen = await collect(trained, ({ training }) => training.loss)
      fake.end()
      return seen
    }
    const [clean, attacked] = [await losses(), await losses([fgsm({ epsilon: 0.3 })])]
    expect(attacked[0]).toBeGreaterThan(Number(clean[0]))
    expect(attacked.at(-1)).toBeGreaterThan(Number(clean.at(-1)))
  })

  it('uses each epoch’s own attack, with another random start', async () => {
    const asked: number[] = []
    const seeds: number[] = []
    const schedule = (epoch: number): Attack => {
      asked.push(epoch)
      return {
        name: 'watched',
        config: {},
        norm: 'Linf',
        epsilon: 0.1,
        *perturb({ images, seed, indices }) {
          expect(indices.length).toBe(images.shape[0])
          seeds.push(seed)
          yield 0.5
          return tf.clone(images)
        },
      }
    }
    const stage = adversarial(schedule)
    // For the plan, each once.
    expect(asked).toEqual(Array.from({ length: 200 }, (_, epoch) => epoch))
    asked.length = 0
    await run((source) => source.pipe(initialise(tinyNet), stage), { steps: 7 })
    expect(asked).toEqual([0, 0, 0, 1, 1, 1, 2])
    expect(new Set(seeds).size).toBe(3)
  })

  it.each([
    ['on more than a tenth of them', 0, ['attack', 'attack']],
    ['but not on few', 1, []],
  ] as const)('warns once an epoch if its attack has no gradient, %s', async (_title, usable, expected) => {
    const fake = fakeRun()
    const blind: Attack = {
      name: 'attack',
      config: {},
      norm: 'Linf',
      epsilon: 0.1,
      *perturb({ images, indices, onGradient }) {
        onGradient?.(indices, new Uint8Array(indices.length).fill(usable))
        yield 0.5
        return tf.clone(images)
      },
    }
    await collect(lentSteps(fake).pipe(initialise(tinyNet), adversarial(blind), take(6)), () => undefined)
    fake.end()
    const warnings = fake.events.flatMap((event) => (event.type === 'warning' ? [event] : []))
    expect(warnings.map(({ message }) => message.split(':')[0])).toEqual(expected)
    expect(new Set(warnings.map(({ message, stage }) => `${stage} ${message}`)).size).toBe(Math.min(1, expected.length))
  })

  it('works before and after a perturbation, and frees the tensors of both', async () => {
    const seen = await run((source) =>
      source.pipe(
        perturb(uniformNoise({ epsilon: 0.1 })),
        initialise(tinyNet),
        adversarial(attack, { mode: 'join' }),
        perturb(signNoise({ epsilon: 0.1 })),
      ),
    )
    expect(seen.map(({ size }) => size)).toEqual([16, 16, 8, 16])
  })
})
