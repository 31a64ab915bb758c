import { createHash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Journal } from '../../dsl/context.js'
import { type Dataset, imageSize } from '../../dsl/dataset.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { labelBytes } from '../../dsl/labels.js'
import { unpackNormalisation } from '../../models/parameters/normalisation.js'
import type { Network } from '../network/network.js'

const subject = t.type({
  /** SHA-256 of the weights and the running statistics, in the engine's layout, and of a normalisation, if it has one. */
  network: t.string,
  /** SHA-256 of the test images and labels that are attacked. */
  images: t.string,
})

/** The network and the images that an evaluation's figures refer to. */
export type EvaluationSubject = t.TypeOf<typeof subject>

/**
 * The subject of an evaluation of `network` on the first images of the test set.
 *
 * @param examples how many images
 */
export const subjectOf = (
  { test, shape, classes }: Dataset,
  network: Network,
  examples: number,
): EvaluationSubject => ({
  network: sha256(
    network.weights.dataSync<'float32'>(),
    network.statistics.dataSync<'float32'>(),
    ...[...unpackNormalisation(network.architecture).values()].map(({ data: constants }) => constants),
  ),
  images: sha256(
    test.images.subarray(0, examples * imageSize(shape)),
    labelBytes(test.labels.subarray(0, examples), classes),
  ),
})

const KEY = 'subject'

const words: Readonly<Record<keyof EvaluationSubject, string>> = {
  network: 'the network',
  images: 'the test images',
}

/**
 * Finished work counts only for the same network and images: records which they are, or compares them.
 *
 * @throws OptionError if the interrupted part of the run attacked another network or other images
 */
export const continueWith = (journal: Journal, stage: string, wanted: EvaluationSubject): void => {
  const found = subject.decode(journal.entries.get(KEY))
  if (E.isLeft(found)) {
    journal.add(KEY, wanted)
    return
  }
  const parts = Object.keys(words) as (keyof EvaluationSubject)[]
  const other = parts.find((part) => found.right[part] !== wanted[part])
  if (other === undefined) return
  throw new PwoaFailure({
    _tag: 'OptionError',
    stage,
    expected: `${words[other]} that the interrupted evaluation attacked (${short(found.right[other])})`,
    actual: short(wanted[other]),
    hint: 'Go on with that one, or start a new run.',
  })
}

const short = (value: string): string => value.slice(0, 12)

const sha256 = (...parts: readonly (Float32Array | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
