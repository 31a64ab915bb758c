import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { UsageError } from '../../dsl/errors.js'
import { objectCodec, optionalCodec, textCodec } from '../../dsl/kit/codecOf.js'
import { seedCodec } from '../../dsl/kit/figureCodecs.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { PwoaError, withoutCause } from '../../dsl/pwoaError.js'
import { pointKey } from '../records/sweepFiles.js'
import { Target } from '../search/target.js'
import type { PointName, RunStorage } from '../storage/runStorage.js'
import { engineCodec } from '../sweep/pointMessages.js'

const queueJob = t.intersection([
  objectCodec({
    key: pointKey,
    /** The point's parameters in words, for people. */
    label: textCodec('the parameters of a point', /^[^\n\r]*$/),
    seed: seedCodec,
    engine: engineCodec,
  }),
  optionalCodec({
    /** How far the point runs, in a search. */
    target: Target,
  }),
])

/** A job: which point of a sweep to run. Its id is the point's key: a point that is enqueued twice is one job. */
export interface QueueJob extends t.TypeOf<typeof queueJob> {}

/** The codec of {@link QueueJob}. */
export const QueueJob: t.Type<QueueJob> = queueJob

/** Why a worker does not run a file. */
export interface Denied {
  readonly error: UsageError
}

/** A denial, with a `UsageError` of the worker. */
export const denied = (expected: string, actual: string): Denied => ({
  error: { _tag: 'UsageError', stage: 'worker', expected, actual },
})

/** Why a worker does not run a point or a file, in words. */
export const refusalText = ({ expected, actual }: Pick<PwoaError, 'expected' | 'actual'>): string =>
  `refused: expected ${expected}, got ${actual}`

/** A failure as the text that a queue keeps. */
export const failureText = (error: PwoaError): string => JSON.stringify(withoutCause(error))

/** The failure that {@link failureText} wrote; any other text is the reason of a crash, and returned unchanged. */
export const failureOf = (reason: string): PwoaError | string => {
  const decoded = PwoaError.decode(parseJson(reason))
  return E.isRight(decoded) ? decoded.right : reason
}

/** The error of a point that another version of the pipeline file has finished. */
export const ofOtherVersion = ({ shown }: Pick<RunStorage, 'shown'>, { sweep, key }: PointName): PwoaError => ({
  _tag: 'RunError',
  stage: 'worker',
  expected: 'a result of this version of the pipeline file',
  actual: `one of another version, in ${shown}, ${sweep}/points/${key}`,
  hint: 'Run the sweep into another folder, or remove that result.',
})
