import { randomUUID } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { PwoaFailure } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { missing } from '../../dsl/optionalPackages.js'
import { sha256Of } from '../../io/files/hash.js'
import type { Objects } from './objects.js'
import { outageNotices } from './outageNotices.js'
import { patiently } from './patiently.js'
import type { BucketPlace } from './runsPlace.js'
import { awayReason, isMissing, isTaken, toS3Failure } from './s3Failure.js'

type Environment = Readonly<Record<string, string | undefined>>

/** How the store is accessed. */
export interface S3Options {
  readonly environment: Environment
  /** Seconds for which a store that can't be reached is retried; called at each attempt. */
  readonly patience: () => number
  /** Called when the store can't be reached, and when it can again. */
  readonly say: (message: string) => void
}

/** Environment variables with the client's keys, which processes that need no store must not get. */
export const s3Secrets = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const

/** A bucket that exists, that the keys may use, and that supports conditional writes. */
export interface OpenedObjects extends Objects {
  readonly close: () => void
}

/**
 * Opens a bucket of Amazon S3 or of any store with its interface. The client finds the address and the keys in its usual
 * places: `AWS_ENDPOINT_URL_S3`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, or the machine's role.
 *
 * @throws UsageError if the client is not installed; OptionError if the bucket is missing, forbidden, or overwrites objects
 * in spite of a condition; RunError if the store does not answer
 */
export const openS3 = async (place: BucketPlace, options: S3Options): Promise<OpenedObjects> => {
  const sdk = await loadClient(options.environment)
  const { bucket: Bucket, prefix, shown } = place
  const client = new sdk.S3Client(settingsOf(options.environment))
  const notices = outageNotices(shown, options.say)
  const call = async <A>(expected: string, act: () => Promise<A>, key = ''): Promise<A> => {
    try {
      return await patiently(act, { shown, seconds: options.patience, notices, awayReason })
    } catch (thrown) {
      throw toS3Failure(expected, `${shown}/${key}`, thrown)
    }
  }
  const put = (key: string, Body: Uint8Array, sha256: string, condition: { readonly IfNoneMatch?: '*' }) => {
    const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64')
    return client.send(new sdk.PutObjectCommand({ Bucket, Key: prefix + key, Body, ChecksumSHA256, ...condition }))
  }
  const objects: OpenedObjects = {
    shown,
    read: (key) =>
      call(`to read from ${shown}`, async () => {
        try {
          const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key: prefix + key }))
          return await Body?.transformToByteArray()
        } catch (thrown) {
          if (isMissing(thrown)) return undefined
          throw thrown
        }
      }),
    write: (key, bytes, sha256) =>
      call(`to write to ${shown}`, async () => void (await put(key, bytes, sha256, {})), key),
    writeOnce: (key, bytes) => {
      const write = async () => {
        try {
          await put(key, bytes, sha256Of(bytes), { IfNoneMatch: '*' })
          return true
        } catch (thrown) {
          if (isTaken(thrown)) return false
          throw thrown
        }
      }
      return call(`to write to ${shown}`, write, key)
    },
    list: (start) => call(`to list ${shown}`, () => keysOf(sdk, client, Bucket, prefix, start)),
    remove: (keys) =>
      call(`to delete in ${shown}`, async () => {
        for (const key of keys) await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: prefix + key }))
      }),
    close: () => client.destroy(),
  }
  await checkOnce(objects)
  return objects
}

/**
 * The client, loaded only if a bucket is used. Its range in package.json ends before versions that need a newer Node.
 */
const loadClient = async (environment: Environment) => {
  if (environment.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED === undefined)
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  return import('@aws-sdk/client-s3').catch(missing('--runs', 'buckets'))
}

type Sdk = Awaited<ReturnType<typeof loadClient>>

/** The client's settings. A store at another endpoint has its buckets in the path, and often no regions. */
const settingsOf = (environment: Environment) => {
  const endpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL
  const region = environment.AWS_REGION ?? (endpoint === undefined ? undefined : 'us-east-1')
  const credentials = credentialsOf(environment)
  return {
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...given({ region, credentials }),
    // A SHA-256 is sent with each object; not all stores know the other checksums that the client would add.
    requestChecksumCalculation: 'WHEN_REQUIRED' as const,
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  }
}

/**
 * The keys of the environment; undefined if the client finds them elsewhere: in a profile, or the role of a machine.
 */
const credentialsOf = ({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN }: Environment) =>
  AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined
    ? undefined
    : {
        accessKeyId: AWS_ACCESS_KEY_ID,
        secretAccessKey: AWS_SECRET_ACCESS_KEY,
        ...given({ sessionToken: AWS_SESSION_TOKEN }),
      }

const keysOf = async (
  sdk: Sdk,
  client: S3Client,
  Bucket: string,
  prefix: string,
  start: string,
): Promise<readonly string[]> => {
  const keys: string[] = []
  for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket, Prefix: prefix + start }))
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key.slice(prefix.length))
  return keys
}

/** Tests that a conditional write never overwrites: "the first result counts" depends on it. */
const checkOnce = async (objects: Objects): Promise<void> => {
  const key = `probe-${randomUUID()}`
  const bytes = new TextEncoder().encode('pwoa')
  await objects.list('probe-')
  await objects.writeOnce(key, bytes)
  const again = await objects.writeOnce(key, bytes)
  await objects.remove([key])
  if (again)
    throw new PwoaFailure({
      _tag: 'OptionError',
      stage: '--runs',
      expected: 'a store that keeps the first object under a condition (If-None-Match)',
      actual: `${objects.shown}, which overwrites it`,
    })
}
