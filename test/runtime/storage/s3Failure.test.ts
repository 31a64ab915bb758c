import { S3ServiceException } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { toS3Failure } from '../../../src/runtime/storage/s3Failure.js'

const answered = (name: string, httpStatusCode: number) =>
  toS3Failure(
    'to write to s3://b',
    's3://b/k',
    new S3ServiceException({ name, message: 'not to be shown', $fault: 'client', $metadata: { httpStatusCode } }),
  ).error

describe('a refusal of the store', () => {
  test.each([
    ['EntityTooLarge', 400],
    ['Unknown', 413],
  ])('is an error of the object if no worker could write it: %s (%i)', (name, status) => {
    expect(answered(name, status)).toMatchObject({
      _tag: 'FileError',
      file: 's3://b/k',
      actual: `${name} (${status})`,
      hint: expect.stringContaining('a folder that all machines mount'),
    })
  })

  test.each([
    ['AccessDenied', 403, /^The keys need/],
    ['ExpiredToken', 400, /new keys/],
  ])('is an error of the worker if another one may succeed: %s', (name, status, hint) => {
    expect(answered(name, status)).toMatchObject({
      _tag: 'OptionError',
      expected: 'to write to s3://b',
      actual: `${name} (${status})`,
      hint: expect.stringMatching(hint),
    })
  })
})
