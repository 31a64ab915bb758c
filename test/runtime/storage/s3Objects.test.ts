import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { openS3 } from '../../../src/runtime/storage/s3Objects.js'
import { motoServer, needing } from '../../support/needs.js'
import { until } from '../../support/until.js'
import { environmentOf, guarded, keys, type OwnS3, startS3, wayTo } from './s3.js'

const placeOf = (bucket: string, prefix = '') =>
  ({ type: 'bucket', bucket, prefix, shown: `s3://${bucket}/${prefix}`.replace(/\/$/, '') }) as const

const open = async (
  bucket: string,
  { prefix = '', environment = s3.environment }: { prefix?: string; environment?: OwnS3['environment'] } = {},
) => {
  const opened = await openS3(placeOf(bucket, prefix), { environment, patience: () => 0, say: () => undefined })
  onTestFinished(opened.close)
  return opened
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The error of opening the bucket; it contains no key. */
const refusal = async (opening: Promise<unknown>) => {
  const thrown = await opening.then(() => undefined).catch((failure: unknown) => failure)
  if (!(thrown instanceof PwoaFailure)) throw new Error(`no failure: ${thrown}`)
  expect(thrown.message).not.toContain(keys.AWS_SECRET_ACCESS_KEY)
  return thrown.error
}

let s3: OwnS3

describe('a bucket', needing(motoServer), () => {
  beforeAll(async () => {
    s3 = await startS3()
    return s3.stop
  })

  test('stores objects below its prefix, and keeps the first of several conditional writes', async () => {
    const bucket = await s3.makeBucket()
    const objects = await open(bucket, { prefix: 'deep/down/' })
    await objects.write('a/1', bytesOf('one'), sha256('one'))
    await objects.write('b', bytesOf('two'), sha256('two'))
    expect(await s3.get(`${bucket}/deep/down/a/1`)).toBe('one')
    expect(await objects.list('')).toEqual(['a/1', 'b'])
    expect(await objects.list('a/')).toEqual(['a/1'])
    expect(await objects.read('b')).toEqual(bytesOf('two'))
    expect(await objects.read('c')).toBeUndefined()
    const written = await Promise.all(
      Array.from({ length: 12 }, (_, index) => objects.writeOnce('once', bytesOf(String(index)))),
    )
    expect(written.filter((own) => own)).toHaveLength(1)
    expect(await s3.get(`${bucket}/deep/down/once`)).toBe(String(written.indexOf(true)))
    await objects.remove(['a/1', 'never-there'])
    expect(await objects.list('')).toEqual(['b', 'once'])
  })

  test('lists more keys than fit into one answer', async () => {
    const objects = await open(await s3.makeBucket())
    const names = Array.from({ length: 10 }, (_, index) => `many/${index}`)
    for (const name of names) await objects.write(name, bytesOf(''), sha256(''))
    expect(await objects.list('many/')).toEqual(names)
  })

  test('that does not exist is refused, with a hint', async () => {
    expect(await refusal(open('elsewhere'))).toMatchObject({
      _tag: 'OptionError',
      stage: '--runs',
      expected: 'to list s3://elsewhere',
      actual: 'NoSuchBucket (404)',
      hint: expect.stringContaining('Make the bucket first'),
    })
  })

  test('of a store that overwrites in spite of the condition is refused', async () => {
    const bucket = await s3.makeBucket()
    const { port } = await wayTo(s3.port, (headers) => {
      delete headers['if-none-match']
    })
    expect(await refusal(open(bucket, { environment: environmentOf(port) }))).toMatchObject({
      expected: expect.stringContaining('If-None-Match'),
      actual: `s3://${bucket}, which overwrites it`,
    })
  })

  test('that cannot be reached is retried, with one message; in the end there is one error', async () => {
    const bucket = await s3.makeBucket()
    const way = await wayTo(s3.port)
    const said: string[] = []
    let patience = 60
    const objects = await openS3(placeOf(bucket), {
      environment: environmentOf(way.port),
      patience: () => patience,
      say: (message) => void said.push(message),
    })
    onTestFinished(objects.close)
    await way.cut()
    const writing = Promise.all(['a', 'b'].map((key) => objects.write(key, bytesOf(key), sha256(key))))
    await until('a message', () => said.length > 0)
    await way.open()
    await writing
    expect(await objects.list('')).toEqual(['a', 'b'])
    expect(said).toEqual([`s3://${bucket} can't be reached (ECONNREFUSED): waiting for it`, `s3://${bucket} is back`])
    await way.cut()
    patience = 0
    expect(await refusal(objects.list(''))).toMatchObject({
      _tag: 'RunError',
      stage: '--runs',
      expected: `s3://${bucket} to answer within 0 s`,
      actual: 'ECONNREFUSED',
    })
  })

  test('is refused with wrong keys and without the right to write; the rights to list, read, write and delete suffice', async () => {
    const bucket = await s3.makeBucket()
    const reader = await guarded(s3, 'reader', ['s3:ListBucket', 's3:GetObject'])
    const worker = await guarded(s3, 'worker', ['s3:ListBucket', 's3:GetObject', 's3:PutObject', 's3:DeleteObject'])
    const as = (own: Readonly<Record<string, string>>) => open(bucket, { environment: environmentOf(s3.port, own) })
    expect(await refusal(as({ ...worker, AWS_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY }))).toMatchObject({
      expected: `to list s3://${bucket}`,
      actual: 'SignatureDoesNotMatch (403)',
      hint: 'Mend AWS_SECRET_ACCESS_KEY.',
    })
    expect(await refusal(as(keys))).toMatchObject({ actual: 'InvalidAccessKeyId (403)' })
    expect(await refusal(as(reader))).toMatchObject({
      expected: `to write to s3://${bucket}`,
      actual: 'AccessDenied (403)',
      hint: expect.stringContaining('s3:PutObject'),
    })
    expect(await (await as(worker)).list('')).toEqual([])
  })
})
