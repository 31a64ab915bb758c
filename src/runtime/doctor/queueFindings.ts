import { isLeft } from 'fp-ts/lib/Either.js'
import { tryCatch } from 'fp-ts/lib/TaskEither.js'
import { errorOf, type PwoaError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { missing } from '../../dsl/optionalPackages.js'
import { parseQueueUrl, type QueueUrl, queueVariable } from '../queue/queueUrl.js'
import type { Finding } from './finding.js'

/** Milliseconds that the queue is waited for. */
const PATIENCE = 3000

/** Whether the queue answers; no finding if no queue is configured. */
export const queueFindings = async (env: Readonly<Record<string, string | undefined>>): Promise<readonly Finding[]> => {
  if (env[queueVariable] === undefined) return []
  const url = parseQueueUrl(undefined, env)
  if (isLeft(url)) {
    const { expected, actual, hint } = url.left
    const says = `expected ${expected}, got ${actual}`
    const advice = [...(hint === undefined ? [] : [hint]), `Mend or unset ${queueVariable}.`].join(' ')
    return [{ about: 'queue', state: 'problem', says, advice, facts: {} }]
  }
  const { shown } = url.right
  const loaded = await tryCatch(loadClient, (thrown) => errorOf('doctor', thrown))()
  if (isLeft(loaded)) return [uninstalled(loaded.left)]
  const reason = await silenceOf(loaded.right, url.right)
  if (reason === undefined) return [{ about: 'queue', state: 'ok', says: `${shown} answers`, facts: { url: shown } }]
  const advice = `Start Redis there, or mend or unset ${queueVariable}.`
  return [{ about: 'queue', state: 'problem', says: `${shown}: ${reason}`, advice, facts: { url: shown, reason } }]
}

const loadClient = () => import('ioredis').catch(missing('doctor', 'queues'))

const uninstalled = ({ expected, actual, hint }: PwoaError): Finding => ({
  about: 'queue',
  state: 'problem',
  says: `expected ${expected}, got ${actual}`,
  ...given({ advice: hint }),
  facts: { reason: actual },
})

type Client = Awaited<ReturnType<typeof loadClient>>

/** Why the queue does not answer; undefined if it does. */
const silenceOf = async ({ Redis }: Client, { connection }: QueueUrl): Promise<string | undefined> => {
  const client = new Redis({
    ...connection,
    lazyConnect: true,
    connectTimeout: PATIENCE,
    commandTimeout: PATIENCE,
    retryStrategy: () => null,
  })
  // The error event comes before the rejection, and says more.
  let reason: string | undefined
  client.on('error', (error: Error) => {
    reason ??= error.message
  })
  try {
    await client.connect()
    await client.ping()
    return undefined
  } catch (thrown) {
    return reason ?? (thrown instanceof Error ? thrown.message : String(thrown))
  } finally {
    client.disconnect()
  }
}
