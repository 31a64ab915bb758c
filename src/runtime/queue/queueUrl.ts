import { isIP } from 'node:net'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { UsageError } from '../../dsl/errors.js'

/** Where a queue is. */
export interface QueueUrl {
  /** The URL without user name and password, for messages, logs and files. */
  readonly shown: string
  readonly connection: QueueConnection
}

/** The options of the Redis client. */
export interface QueueConnection {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username?: string
  readonly password?: string
  /**
   * The server's certificate must be for this name, from an authority that Node trusts (`NODE_EXTRA_CA_CERTS` adds
   * one).
   */
  readonly tls?: { readonly servername?: string }
  /** Commands wait without limit while Redis can't be reached. */
  readonly maxRetriesPerRequest: null
}

/** The environment variable for a URL with a password. */
export const queueVariable = 'PWOA_QUEUE'

/**
 * Reads `redis://host:port/db`, or `rediss://` for TLS, from the command line or, if it is not given there, from
 * `PWOA_QUEUE`. A password on the command line is refused: every user of the machine could read it.
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

/** Whether there is an @ after the host: then an unencoded character of the password was parsed as the host's end. */
const isCutShort = ({ pathname, search, hash }: URL): boolean => `${pathname}${search}${hash}`.includes('@')

/** Hides all before the last @, which may be a password, even if the text is not a valid URL. */
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
      // A server name is never an IP address (RFC 6066); the address is still compared with the certificate's.
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
