import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Observable } from 'rxjs'
import type { Position, RunContext } from '../../dsl/context.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { traced } from '../../dsl/kit/traced.js'
import { type Lease, lend } from '../../dsl/lend.js'
import type { Minibatch, Step } from '../../dsl/step.js'
import { tf } from '../../engine/tf.js'
import { permutation, stream } from '../../math/random.js'
import { augmentedImagesOf, imagesOf, labelsOf } from '../network/images.js'

/**
 * The training set, shuffled again each epoch by (seed, epoch), minibatch by minibatch, without end: the stage that trains
 * unsubscribes. Each minibatch is lent; the last one of an epoch may be smaller. Augmentations are drawn for (seed, epoch,
 * example) and do not depend on the minibatch.
 */
export const minibatches = (
  run: RunContext,
  { batchSize, start }: { readonly batchSize: number; readonly start: Position },
): Observable<Step> => {
  const { train, shape, classes, augment = [] } = run.data
  const batches = Math.ceil(train.count / batchSize)
  let shuffled: { readonly epoch: number; readonly order: Uint32Array } | undefined
  const orderOf = (epoch: number): Uint32Array => {
    if (shuffled?.epoch !== epoch)
      shuffled = { epoch, order: permutation(train.count, stream(run.seed, 'shuffle', epoch)) }
    return shuffled.order
  }
  const drawn = (indices: Uint32Array, epoch: number): Tensor4D =>
    augment.length === 0
      ? imagesOf(train, shape, indices)
      : augmentedImagesOf(train, shape, indices, augment, (index) => stream(run.seed, 'augment', epoch, index))
  return lend((index, lease) => {
    const began = performance.now()
    const position = start.epoch * batches + start.batch + index
    const epoch = Math.floor(position / batches)
    const batch = position % batches
    const indices = orderOf(epoch).slice(batch * batchSize, (batch + 1) * batchSize)
    const [images, labels] = traced('data', () => [drawn(indices, epoch), labelsOf(train, classes, indices)] as const)
    const owned: { dispose: () => void }[] = [images, labels]
    const unchanged = augment.length === 0
    const lent = { epoch, batch, batches, began, size: indices.length, indices, unchanged, views: 1 }
    return {
      value: { run, minibatch: makeMinibatch(lent, images, labels, lease, owned) },
      free: () => tf.dispose(owned as Tensor4D[]),
    }
  })
}

const makeMinibatch = (
  lent: Pick<Minibatch, 'epoch' | 'batch' | 'batches' | 'began' | 'size' | 'indices' | 'unchanged' | 'views'>,
  images: Tensor4D,
  labels: Tensor2D,
  lease: Lease,
  owned: { dispose: () => void }[],
): Minibatch => {
  const onLoan = <T>(value: T): T => {
    if (!lease.over()) return value
    throw new PwoaFailure({
      _tag: 'RunError',
      stage: 'minibatch',
      expected: 'to be read before it is handed back',
      actual: 'a late reader',
      hint: 'Wrap an operator that lets steps through later than they came in asynchronous(…).',
    })
  }
  return {
    ...lent,
    get images() {
      return onLoan(images)
    },
    get labels() {
      return onLoan(labels)
    },
    hold: lease.hold,
    withImages: (otherImages, otherLabels = labels, views = otherImages.shape[0] === lent.size ? lent.views : 1) => {
      owned.push(...[otherImages, otherLabels].filter((tensor) => tensor !== labels && tensor !== images))
      const size = otherImages.shape[0]
      // If variants of the examples were added, they have the same indices, in the same order.
      const indices = Uint32Array.from({ length: size }, (_, i) => lent.indices[i % lent.size] ?? 0)
      return makeMinibatch({ ...lent, size, indices, views, unchanged: false }, otherImages, otherLabels, lease, owned)
    },
  }
}
