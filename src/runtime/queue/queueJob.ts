import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { PwoaError, UsageError } from '../../dsl/errors.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { errorCodec } from '../folder/codecs.js'
import { fileName } from '../folder/runFolder.js'
import { pointKey } from '../records/sweepFiles.js'

/** The queue of all sweeps. */
export const queueName = 'pwoa'

const text = (name: string, pattern: RegExp) =>
  new t.Type<string>(
    name,
    t.string.is,
    (input, context) =>
      typeof input === 'string' && input.length <= 1000 && pattern.test(input)
        ? t.success(input)
        : t.failure(input, context),
    t.identity,
  )

const folderName = new t.Type<string>(
  'a name of a folder',
  t.string.is,
  (input, context) =>
    typeof input === 'string' && input.length <= 200 && fileName(input) === input
      ? t.success(input)
      : t.failure(input, context),
  t.identity,
)

const seed = new t.Type<number>(
  'a seed',
  t.number.is,
  (input, context) =>
    typeof input === 'number' && Number.isInteger(input) && input >= 0 && input < 2 ** 32
      ? t.success(input)
      : t.failure(input, context),
  t.identity,
)

/**
 * What a job says: which point of which sweep. It names things; where they lie is each worker's own business, and
 * nothing in it is run.
 */
export const queueJob = t.exact(
  t.type({
    /** Of the package that made the key. */
    version: text('a version', /^\d+\.\d+\.\d+[\w.+-]*$/),
    /** The pipeline file, relative to the folder of pipelines, with slashes. */
    file: text('a path', /^[^\0\\]+\.[mc]?[jt]s$/),
    /** The texts of `--set`. */
    values: t.record(t.string, t.string),
    /** The sweep's folder, in the folder of runs. */
    folder: folderName,
    key: pointKey,
    seed,
    engine: t.keyof({ auto: null, tensorflow: null, wasm: null }),
  }),
)

export type QueueJob = t.TypeOf<typeof queueJob>

/** A job's id: enqueued twice it is the same job. */
export const jobIdOf = ({ folder, key }: Pick<QueueJob, 'folder' | 'key'>): string => `${folder}-${key}`

/** Why a job is not done: nobody may do it, or another worker may. */
export interface Denied {
  readonly type: 'invalid' | 'refused'
  readonly error: UsageError
}

export const denied = (type: Denied['type'], expected: string, actual: string): Denied => ({
  type,
  error: { _tag: 'UsageError', stage: 'worker', expected, actual },
})

/** The file that a job names, where it lies within the allowed folder, links followed. */
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
export const failureText = (error: PwoaError): string => JSON.stringify(errorCodec.encode(error))

/** The failure that a text stands for; any other text is a crash in its own words. */
export const failureOf = (reason: string): PwoaError | string => {
  const decoded = errorCodec.decode(parseJson(reason))
  return E.isRight(decoded) ? decoded.right : reason
}
