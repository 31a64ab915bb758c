import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { UsageError } from '../../dsl/errors.js'

/** A bucket and a prefix in it. */
export interface BucketPlace {
  readonly type: 'bucket'
  readonly bucket: string
  /** Prefix of all keys: empty, or ends with a slash. */
  readonly prefix: string
  readonly shown: string
}

/** Where runs are kept: in a folder, or in a bucket. */
export type RunsPlace = { readonly type: 'folder'; readonly folder: string } | BucketPlace

/**
 * Reads `--runs`: a folder, or `s3://bucket/prefix`. The address and the keys of the store come from the environment
 * alone: every user of a machine can read the command line.
 */
export const parseRunsPlace = (text: string): Either<UsageError, RunsPlace> => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme === undefined) return E.right({ type: 'folder', folder: text })
  if (scheme !== 's3') return E.left(wrong('a folder, or s3://bucket/prefix', `${scheme}://…`))
  // An @ anywhere is refused: a secret key may have slashes.
  if (text.includes('@'))
    return E.left({
      ...wrong('s3://bucket/prefix', 'one with credentials: lists of processes show them'),
      hint: 'Put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    })
  const [bucket = '', ...parts] = text.slice('s3://'.length).split('/')
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return E.left(wrong('the name of a bucket', `"${bucket}"`))
  const path = parts.filter((part) => part !== '')
  if (path.some((part) => !/^[\w!.*'()-]+$/.test(part) || /^\.+$/.test(part)))
    return E.left(wrong('a prefix of letters, digits and -_.!*()', `"${path.join('/')}"`))
  return E.right({
    type: 'bucket',
    bucket,
    prefix: path.map((part) => `${part}/`).join(''),
    shown: ['s3:/', bucket, ...path].join('/'),
  })
}

const wrong = (expected: string, actual: string): UsageError => ({
  _tag: 'UsageError',
  stage: '--runs',
  expected,
  actual,
})
