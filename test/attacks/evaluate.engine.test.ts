import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { Attack, Classifier } from '../../src/attacks/attack.js'
import { type Evaluation, evaluate, type TestBatch } from '../../src/attacks/evaluate.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'

/** One pixel and two classes: class 1 where the pixel is above 0.5. Loss falls towards the pixel's own side. */
const classifier: Classifier = (images) => {
  const pixel = tf.reshape(images, [-1, 1])
  return tf.concat([tf.mul(tf.sub(pixel, 0.5), -4), tf.mul(tf.sub(pixel, 0.5), 4)], 1) as Tensor2D
}

/** Pixels and labels: right by far, right but close, wrong. */
const examples = [
  [0.9, 1],
  [0.1, 0],
  [0.55, 1],
  [0.45, 0],
  [0.2, 1],
] as const

function* inBatches(size: number): Generator<TestBatch> {
  for (let first = 0; first < examples.length; first += size) {
    const part = examples.slice(first, first + size)
    yield {
      images: tf.tensor4d(
        part.map(([pixel]) => pixel),
        [part.length, 1, 1, 1],
      ),
      labels: tf.tensor2d(part.map(([, label]) => (label === 1 ? [0, 1] : [1, 0]))),
      indices: Uint32Array.from(part, (_, i) => first + i),
    }
  }
}

const evaluation = (more: Partial<Evaluation> = {}): Evaluation => ({
  classifier,
  attacks: [],
  examples: examples.length,
  batches: () => inBatches(2),
  seed: 0,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
})

const attack = (name: string, epsilon: number, perturb: (images: Tensor4D) => Tensor): Attack => ({
  name,
  config: {},
  epsilon,
  perturb: ({ images }) => tf.tidy(() => perturb(images) as Tensor4D),
})

const failure = async (more: Partial<Evaluation>) => {
  try {
    await evaluate(evaluation(more))
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('evaluate', () => {
  it.each([1, 2, 5])('counts what is right as it is and what stays right, in batches of %d', async (size) => {
    const found = await evaluate(evaluation({ attacks: [fgsm({ epsilon: 0.1 })], batches: () => inBatches(size) }))
    expect(found).toEqual({ clean: 0.8, attacks: { fgsm: 0.4 }, examples: 5 })
  })

  it('an example that is wrong as it is can not be won back by an attack', async () => {
    const kind = attack('kind', 1, (images) => tf.onesLike(images))
    // Turned to 1, the pixel 0.2 would be of its class; the two of class 0 are lost.
    expect((await evaluate(evaluation({ attacks: [kind] }))).attacks).toEqual({ kind: 0.4 })
  })

  it('tells how far it is', async () => {
    const heard: string[] = []
    await evaluate(
      evaluation({ attacks: [fgsm({ epsilon: 0.1 })], onProgress: (name, done) => heard.push(`${name} ${done}`) }),
    )
    expect(heard).toEqual(['clean 2', 'clean 4', 'clean 5', 'fgsm 2', 'fgsm 4', 'fgsm 5'])
  })

  it('frees all tensors, also those of its batches', async () => {
    const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }
    await evaluate(evaluation({ attacks: [fgsm({ epsilon: 0.1 })] }))
    expect({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }).toEqual(before)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('logits of %d end it', async (value) => {
    const broken: Classifier = (images) => tf.fill([images.shape[0], 2], value) as Tensor2D
    expect(await failure({ classifier: broken })).toMatchObject({
      _tag: 'RunError',
      stage: 'attackEval',
      expected: 'finite logits',
    })
  })

  it('one NaN among many finite logits ends it', async () => {
    const broken: Classifier = (images) =>
      tf.concat([tf.slice(classifier(images), [1, 0]), tf.tensor2d([[Number.NaN, 0]])], 0) as Tensor2D
    expect(await failure({ classifier: broken, batches: () => inBatches(5) })).toMatchObject({
      expected: 'finite logits',
    })
  })

  it('an attack that leaves its ball ends it, and is named', async () => {
    const rogue = attack('rogue', 0.1, (images) => tf.clipByValue(tf.add(images, 0.11), 0, 1))
    expect(await failure({ attacks: [rogue] })).toMatchObject({
      _tag: 'RunError',
      stage: 'rogue',
      expected: 'perturbations of at most 0.1',
      actual: expect.stringMatching(/^0\.1[01]/),
    })
  })

  it('float32 is no reason to refuse a step of exactly ε', async () => {
    const exact = attack('exact', 0.3, (images) => tf.clipByValue(tf.add(images, 0.3), 0, 1))
    await expect(evaluate(evaluation({ attacks: [exact] }))).resolves.toMatchObject({ examples: 5 })
  })

  it('an attack that leaves [0, 1] or returns NaN ends it', async () => {
    const bright = attack('bright', 0.5, (images) => tf.add(images, 0.3))
    expect(await failure({ attacks: [bright] })).toMatchObject({ stage: 'bright', expected: 'images in [0, 1]' })
    const nothing = attack('nothing', 0.5, (images) => tf.fill(images.shape, Number.NaN) as Tensor4D)
    expect(await failure({ attacks: [nothing] })).toMatchObject({ _tag: 'RunError', stage: 'nothing' })
    const half = attack('half', 0.5, (images) =>
      tf.concat([tf.slice(images, 0, images.shape[0] - 1), tf.fill([1, 1, 1, 1], Number.NaN) as Tensor4D], 0),
    )
    expect(await failure({ attacks: [half] })).toMatchObject({ _tag: 'RunError', stage: 'half' })
  })

  it('stops between batches with what its signal is aborted with', async () => {
    const controller = new AbortController()
    const heard: number[] = []
    const stopped = evaluate(
      evaluation({
        signal: controller.signal,
        onProgress: (_name, done) => {
          heard.push(done)
          controller.abort('enough')
        },
      }),
    )
    await expect(stopped).rejects.toBe('enough')
    expect(heard).toEqual([2])
  })

  it('lets the event loop turn between batches', async () => {
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    })
    await evaluate(
      evaluation({
        batches: () => inBatches(1),
        onProgress: () => {
          const until = performance.now() + 3
          while (performance.now() < until);
        },
      }),
    )
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
  })
})
