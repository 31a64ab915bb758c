/** Augmented minibatches: augmentations depend on epoch and example, not on the minibatch; evaluations have none. */
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Augmentation, Dataset } from '../../../src/dsl/dataset.js'
import type { Step } from '../../../src/dsl/step.js'
import { tf } from '../../../src/engine/tf.js'
import { horizontalFlip, randomCrop } from '../../../src/math/augmentations.js'
import { stream } from '../../../src/math/random.js'
import { minibatches } from '../../../src/training/step/minibatches.js'
import { collect, fakeRun, tinyData } from '../../support/context.js'
import { testBatches } from '../../support/testBatches.js'

const augment = [randomCrop({ padding: 2 }), horizontalFlip()]
const data: Dataset = { ...tinyData, augment }
const size = 64

/** Each example's pixels as bytes, by epoch and index. */
const seen = async (of: Dataset, batchSize: number, start = { epoch: 0, batch: 0 }, count = 6) => {
  const steps = minibatches(fakeRun({ data: of }).run, { batchSize, start }).pipe(take(count))
  const all = await collect(steps, ({ minibatch }: Step) => {
    const values = minibatch.images.dataSync().map((value) => value * 255)
    return [...minibatch.indices].map((index, row): [string, readonly number[]] => [
      `${minibatch.epoch}/${index}`,
      Array.from(values.subarray(row * size, (row + 1) * size), Math.round),
    ])
  })
  return new Map(all.flat())
}

const slowly = (epoch: number, index: number, augmentations: readonly Augmentation[]): readonly number[] => {
  const dice = stream(1, 'augment', epoch, index)
  let image = tinyData.train.images.slice(index * size, (index + 1) * size)
  for (const { apply } of augmentations) {
    const out = new Uint8Array(size)
    apply(image, out, tinyData.shape, dice)
    image = out
  }
  return [...image]
}

describe('augmented minibatches', () => {
  it('have each image augmented, in two epochs', async () => {
    const found = await seen(data, 8)
    expect(found.size).toBe(40)
    for (const epoch of [0, 1])
      for (let index = 0; index < 20; index++)
        expect(found.get(`${epoch}/${index}`)).toEqual(slowly(epoch, index, augment))
    expect(found.get('0/3')).not.toEqual(found.get('1/3'))
  })

  it('show each image alike in minibatches of another size, and after an interruption', async () => {
    const found = await seen(data, 8)
    const others = await seen(data, 5, { epoch: 0, batch: 0 }, 8)
    expect(others).toEqual(found)
    const rest = await seen(data, 8, { epoch: 1, batch: 1 }, 2)
    expect(rest.size).toBe(12)
    for (const [key, pixels] of rest) expect(pixels).toEqual(found.get(key))
  })

  it('are never evaluated', () => {
    const pixelsOf = (of: Dataset) =>
      [...testBatches(of, 9, 4)].map(({ images, labels }) => {
        const values = [...images.dataSync()]
        tf.dispose([images, labels])
        return values
      })
    expect(pixelsOf(data)).toEqual(pixelsOf(tinyData))
  })

  it('count as changed, so that no teacher remembers them; others do not', async () => {
    const unchanged = async (of: Dataset) =>
      collect(
        minibatches(fakeRun({ data: of }).run, { batchSize: 8, start: { epoch: 0, batch: 0 } }).pipe(take(1)),
        (step) => step.minibatch.unchanged,
      )
    expect(await unchanged(data)).toEqual([false])
    expect(await unchanged(tinyData)).toEqual([true])
  })
})
