import { isIP } from 'node:net'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { UsageError } from '../../dsl/errors.js'

/** Where a queue is. The password is in `connection` alone: `shown` is for people, logs and files. */
export interface QueueUrl {
  readonly shown: string
  readonly connection: QueueConnection
}

/** What the Redis client is given. */
export interface QueueConnection {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username?: string
  readonly password?: string
  /** The certificate must be for this name, by the authorities that Node knows (`NODE_EXTRA_CA_CERTS` adds one). */
  readonly tls?: { readonly servername?: string }
  /** Commands wait while Redis is away, for as long as that takes. */
  readonly maxRetriesPerRequest: null
}

/** The environment variable that holds the URL where it has a password. */
export const queueVariable = 'PWOA_QUEUE'

/**
 * Reads `redis://host:port/db`, or `rediss://` for TLS, from the command line or, where nothing stands there, from
 * `PWOA_QUEUE`. A password on the command line is refused: every user of the machine could read it there.
 */
export const parseQueueUrl = (
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Either<UsageError, QueueUrl> => {
  const text = given ?? environment[queueVariable]
  if (text === undefined) return E.left(wrong(`a URL, here or in ${queueVariable}`, 'none'))
  const url = urlOf(text)
  if (!url || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '' || isCutShort(url))
    return E.left({
      ...wrong(
        'a URL such as redis://host:6379',
        given === undefined ? `another text in ${queueVariable}` : `"${withoutSecrets(given)}"`,
      ),
      ...(text.includes('@') ? { hint: 'In a password write / as %2F, ? as %3F, # as %23 and @ as %40.' } : {}),
    })
  if (given !== undefined && url.password !== '')
    return E.left({
      ...wrong('a URL without a password: lists of processes show it', 'one with a password'),
      hint: `Put the URL into the environment variable ${queueVariable}, and write --queue alone.`,
    })
  const db = url.pathname.replace(/^\//, '')
  if (!/^\d*$/.test(db)) return E.left(wrong('the number of a database after the last /', `"${db}"`))
  return pipe(
    E.Do,
    E.apS('username', decoded(url.username)),
    E.apS('password', decoded(url.password)),
    E.map((user) => resolved(url, Number(db), user)),
  )
}

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

/** Whether an @ stands behind the host: a password that was not encoded was taken for the end of it. */
const isCutShort = ({ pathname, search, hash }: URL): boolean => `${pathname}${search}${hash}`.includes('@')

/** What is before an @ may be a password, also where the rest is no URL; a password may have any character. */
const withoutSecrets = (text: string): string => text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@')

const decoded = (text: string): Either<UsageError, string> =>
  E.tryCatch(
    () => decodeURIComponent(text),
    () => ({
      ...wrong('a user name and a password in percent-encoding', 'a % that begins no character'),
      hint: 'Write % as %25.',
    }),
  )

interface User {
  readonly username: string
  readonly password: string
}

const resolved = (url: URL, db: number, { username, password }: User): QueueUrl => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 6379 : Number(url.port)
  return {
    shown: `${url.protocol}//${url.hostname}:${port}${db === 0 ? '' : `/${db}`}`,
    connection: {
      host,
      port,
      db,
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
      // An address is no name to ask for (RFC 6066); it is still compared with the certificate's.
      ...(url.protocol === 'rediss:' ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
      maxRetriesPerRequest: null,
    },
  }
}

const wrong = (expected: string, actual: string): UsageError => ({
  _tag: 'UsageError',
  stage: '--queue',
  expected,
  actual,
})
