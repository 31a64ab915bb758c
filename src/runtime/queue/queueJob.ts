import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { UsageError } from '../../dsl/errors.js'
import { codecOf, objectCodec, recordCodec, textCodec } from '../../dsl/kit/codecOf.js'
import { seedCodec } from '../../dsl/kit/figureCodecs.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { EngineChoice } from '../../dsl/pipeline/engineChoice.js'
import { PwoaError, withoutCause } from '../../dsl/pwoaError.js'
import { fileName } from '../folder/folderNames.js'
import { pointKey } from '../records/sweepFiles.js'

/** The name of the queue, the same for all sweeps. */
export const queueName = 'pwoa'

const folderName = codecOf(
  'the name of a folder',
  (value): value is string => typeof value === 'string' && value.length <= 200 && fileName(value) === value,
)

const queueJob = objectCodec({
  /** Version of the package that computed the key. */
  version: textCodec('a version', /^\d+\.\d+\.\d+[\w.+-]*$/),
  /** The pipeline file, relative to the folder of pipelines, with slashes. */
  file: textCodec('a path', /^[^\0\\]+\.[mc]?[jt]s$/),
  /** The texts of `--set`. */
  values: recordCodec(t.string),
  /** The sweep's folder, in the folder of runs. */
  folder: folderName,
  key: pointKey,
  seed: seedCodec,
  engine: EngineChoice,
})

/**
 * A job: which point of which sweep to run. It contains only names: each worker decides which files they mean, and no
 * code in a job is ever run.
 */
export interface QueueJob extends t.TypeOf<typeof queueJob> {}

/** The codec of {@link QueueJob}. */
export const QueueJob: t.Type<QueueJob> = queueJob

/** A job's id: a point that is enqueued twice is one job. */
export const jobIdOf = ({ folder, key }: Pick<QueueJob, 'folder' | 'key'>): string => `${folder}-${key}`

/** Why a worker does not do a job. `invalid`: no worker may do it; `refused`: another worker may. */
export interface Denied {
  readonly type: 'invalid' | 'refused'
  readonly error: UsageError
}

/** A denial, with a `UsageError` of the worker. */
export const denied = (type: Denied['type'], expected: string, actual: string): Denied => ({
  type,
  error: { _tag: 'UsageError', stage: 'worker', expected, actual },
})

/**
 * The absolute path of the file that a job names. Links are resolved first.
 *
 * @returns `refused` if there is no such file, `invalid` if it is outside the folder
 */
export const allowedFile = async (pipelines: string, file: string): Promise<Either<Denied, string>> => {
  const expected = `a file in ${pipelines}`
  const found = await Promise.all([realpath(pipelines), realpath(join(pipelines, file))]).catch(() => undefined)
  if (!found) return E.left(denied('refused', expected, `${file}, which is not there`))
  const [folder, path] = found
  return path.startsWith(`${folder}${sep}`)
    ? E.right(path)
    : E.left(denied('invalid', expected, `${file}, which is outside`))
}

/** A failure as the text that a queue keeps. */
export const failureText = (error: PwoaError): string => JSON.stringify(withoutCause(error))

/** The failure that {@link failureText} wrote; any other text is the reason of a crash, and returned unchanged. */
export const failureOf = (reason: string): PwoaError | string => {
  const decoded = PwoaError.decode(parseJson(reason))
  return E.isRight(decoded) ? decoded.right : reason
}
