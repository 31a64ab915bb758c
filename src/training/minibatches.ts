import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Observable } from 'rxjs'
import type { Position, RunContext } from '../dsl/context.js'
import type { ImageShape, Split } from '../dsl/dataset.js'
import { PwoaFailure } from '../dsl/errors.js'
import { type Lease, lend } from '../dsl/lend.js'
import type { Minibatch, Step } from '../dsl/step.js'
import { traced } from '../dsl/traced.js'
import { tf } from '../engine/tf.js'
import { permutation, stream } from '../math/random.js'

/**
 * The training set, shuffled anew each epoch by (seed, epoch), minibatch by minibatch, without end: the stage that
 * trains says when it has had enough. Each minibatch is lent; the last one of an epoch may be smaller.
 */
export const minibatches = (
  run: RunContext,
  { batchSize, start }: { readonly batchSize: number; readonly start: Position },
): Observable<Step> => {
  const { train, shape, classes } = run.data
  const batches = Math.ceil(train.count / batchSize)
  let shuffled: { readonly epoch: number; readonly order: Uint32Array } | undefined
  const orderOf = (epoch: number): Uint32Array => {
    if (shuffled?.epoch !== epoch)
      shuffled = { epoch, order: permutation(train.count, stream(run.seed, 'shuffle', epoch)) }
    return shuffled.order
  }
  return lend((index, lease) => {
    const position = start.epoch * batches + start.batch + index
    const epoch = Math.floor(position / batches)
    const batch = position % batches
    const indices = orderOf(epoch).slice(batch * batchSize, (batch + 1) * batchSize)
    const [images, labels] = traced(
      'data',
      () => [imagesOf(train, shape, indices), labelsOf(train, classes, indices)] as const,
    )
    const owned: { dispose: () => void }[] = [images, labels]
    const lent = { epoch, batch, batches, size: indices.length, indices, unchanged: true, views: 1 }
    return {
      value: { run, minibatch: makeMinibatch(lent, images, labels, lease, owned) },
      free: () => tf.dispose(owned as Tensor4D[]),
    }
  })
}

const makeMinibatch = (
  lent: Pick<Minibatch, 'epoch' | 'batch' | 'batches' | 'size' | 'indices' | 'unchanged' | 'views'>,
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
      // Where examples were joined by variants of themselves, those go by the same indices, in the same order.
      const indices = Uint32Array.from({ length: size }, (_, i) => lent.indices[i % lent.size] ?? 0)
      return makeMinibatch({ ...lent, size, indices, views, unchanged: false }, otherImages, otherLabels, lease, owned)
    },
  }
}

/** Bytes 0 … 255 to n × height × width × channels in [0, 1]. */
export const imagesOf = (split: Split, { height, width, channels }: ImageShape, indices: Uint32Array): Tensor4D => {
  const size = height * width * channels
  const pixels = new Float32Array(indices.length * size)
  let to = 0
  for (const index of indices)
    for (let from = index * size; from < (index + 1) * size; from++) pixels[to++] = (split.images[from] ?? 0) / 255
  return tf.tensor4d(pixels, [indices.length, height, width, channels])
}

/** Class indices to one-hot rows. */
export const labelsOf = (split: Split, classes: number, indices: Uint32Array): Tensor2D => {
  const rows = new Float32Array(indices.length * classes)
  for (const [row, index] of indices.entries()) rows[row * classes + (split.labels[index] ?? 0)] = 1
  return tf.tensor2d(rows, [indices.length, classes])
}
