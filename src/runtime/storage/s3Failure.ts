import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PwoaFailure } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'

/** The common fields of the client's exceptions. */
const answered = t.type({ name: t.string, $metadata: t.type({ httpStatusCode: t.number }) })

interface Answer {
  readonly name: string
  readonly status: number
}

/** What the store answered; undefined if it did not answer. */
const answerOf = (thrown: unknown): Answer | undefined => {
  const decoded = answered.decode(thrown)
  if (E.isLeft(decoded)) return undefined
  return { name: decoded.right.name, status: decoded.right.$metadata.httpStatusCode }
}

/** Codes of Node's network errors, and names of the client's, after which another attempt may succeed. */
const passing: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'TimeoutError',
])

/** 409: two conditional writes at once, one of which must be retried. 501 (not implemented) does not pass. */
const isPassing = ({ status }: Answer): boolean =>
  (status >= 500 && status !== 501) || status === 408 || status === 409 || status === 429

/** Why the store can't be reached, in a word; undefined if another attempt would fail as well. */
export const awayReason = (thrown: unknown): string | undefined => {
  const answer = answerOf(thrown)
  if (answer) return isPassing(answer) ? wordsOf(answer) : undefined
  const code = wordOf(thrown)
  return passing.has(code) ? code : undefined
}

const wordsOf = ({ name, status }: Answer): string => `${name} (${status})`

const wordOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return 'a value that is not an Error'
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name
}

/** Whether the condition of a write failed: there is an object already. */
export const isTaken = (thrown: unknown): boolean => answerOf(thrown)?.status === 412

/** Whether the object is missing, in a bucket that exists. */
export const isMissing = (thrown: unknown): boolean => {
  const answer = answerOf(thrown)
  return answer?.status === 404 && answer.name !== 'NoSuchBucket'
}

const hints: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket first, or mend its name or AWS_ENDPOINT_URL_S3.',
  AccessDenied: 'The keys need s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there.',
  InvalidAccessKeyId: 'Mend AWS_ACCESS_KEY_ID.',
  SignatureDoesNotMatch: 'Mend AWS_SECRET_ACCESS_KEY.',
  ExpiredToken: 'Start the worker with new keys, or with a role that renews them.',
  CredentialsProviderError: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
}

/** 413 comes from a proxy in front of the store. */
const isTooLarge = ({ name, status }: Answer): boolean => name === 'EntityTooLarge' || status === 413

/**
 * A refusal as data: a `FileError` if no worker could write the object, an `OptionError` for any other refusal. The store's
 * own message is left out: it may contain keys.
 *
 * @param expected the operation
 * @param file the object, for messages
 */
export const toS3Failure = (expected: string, file: string, thrown: unknown): PwoaFailure => {
  if (thrown instanceof PwoaFailure) return thrown
  const answer = answerOf(thrown)
  if (answer && isTooLarge(answer))
    return new PwoaFailure({
      _tag: 'FileError',
      stage: '--runs',
      file,
      expected: 'an object that the store takes at once',
      actual: wordsOf(answer),
      hint: 'Keep runs with files of this size in a folder that all machines mount.',
      cause: thrown,
    })
  const hint = hints[answer?.name ?? wordOf(thrown)]
  return new PwoaFailure({
    _tag: 'OptionError',
    stage: '--runs',
    expected,
    actual: answer ? wordsOf(answer) : wordOf(thrown),
    ...given({ hint }),
    cause: thrown,
  })
}
