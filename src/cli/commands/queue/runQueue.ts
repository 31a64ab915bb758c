import { PwoaFailure, valueOf } from '../../../dsl/errors.js'
import { cancelSweep, drainSweeps, purgeSweeps, retryPoints } from '../../../runtime/queue/admin/changeQueue.js'
import { logsOf, viewPoints, viewQueue } from '../../../runtime/queue/admin/queueView.js'
import { openRedis, type RedisLink } from '../../../runtime/queue/openRedis.js'
import { parseQueueUrl, type QueueUrl } from '../../../runtime/queue/queueUrl.js'
import { EXPIRY, sweepRegistry } from '../../../runtime/queue/sweepRegistry.js'
import type { Outcome } from '../../arguments/outcome.js'
import { usageFailure } from '../../arguments/usageFailure.js'
import { drawPoints, drawQueue } from '../../draw/drawQueue.js'
import { type Colors, colorsFor, lineWidth } from '../../draw/terminal.js'
import type { QueueAction } from './queueActions.js'

/** What `pwoa-run queue` asks for. */
export interface QueueRequest {
  readonly action: QueueAction
  readonly sweep: string | undefined
  readonly point: string | undefined
  /** The queue's URL; `true` or undefined: that of the environment. */
  readonly queue: string | true | undefined
  /** Seconds. */
  readonly olderThan: number | undefined
  readonly json: boolean
}

/** The result of an action: as data, and as text for people. */
interface Answer {
  readonly data: unknown
  readonly text: string
}

/** Milliseconds that Redis is waited for. */
const PATIENCE = 5000

/**
 * Does what the command asks for.
 *
 * @throws UsageError for a sweep or a point that is not there; RunError if Redis can't be reached
 */
export const runQueue = async (request: QueueRequest): Promise<Outcome> => {
  const url = valueOf(parseQueueUrl(request.queue === true ? undefined : request.queue, process.env))
  const link = await reach(url)
  try {
    const { data, text } = await actions[request.action](link, request)
    return { text: request.json ? `${JSON.stringify(data)}\n` : text, code: 0 }
  } finally {
    link.close()
  }
}

/** Connects, without waiting for a Redis that is away. */
const reach = async (url: QueueUrl): Promise<RedisLink> => {
  let last = 'no answer'
  const note = (message: string): void => {
    last = message
  }
  try {
    return await openRedis(url, note, AbortSignal.timeout(PATIENCE))
  } catch (thrown) {
    if (!(thrown instanceof PwoaFailure && thrown.error._tag === 'InterruptedError')) throw thrown
    const expected = `${url.shown} to answer within ${PATIENCE / 1000} s`
    throw new PwoaFailure({ _tag: 'RunError', stage: '--queue', expected, actual: last })
  }
}

type Act = (link: RedisLink, request: QueueRequest) => Promise<Answer>

const width = (): number => lineWidth(process.stdout)
const colors = (): Colors => colorsFor(process.stdout)

const actions: Readonly<Record<QueueAction, Act>> = {
  list: async (link) => {
    const data = await viewQueue(link)
    return { data, text: drawQueue(data, width(), colors()) }
  },
  show: async (link, request) => {
    const data = await viewPoints(link, await sweepOf(link, request))
    return { data, text: drawPoints(data, width(), colors()) }
  },
  logs: async (link, request) => {
    const sweep = await sweepOf(link, request)
    const key = await pointOf(link, sweep, request)
    if (key === undefined) throw usageFailure({ stage: 'queue', expected: 'a point after the sweep', actual: 'none' })
    const data = await logsOf(link, sweep, key)
    return { data, text: data.map((line) => `${line}\n`).join('') || 'nothing is logged about it\n' }
  },
  cancel: async (link, request) => {
    const sweep = await sweepOf(link, request)
    await cancelSweep(link, sweep)
    return { data: { cancelled: [sweep] }, text: `${sweep} is removed from the queue\n` }
  },
  retry: async (link, request) => {
    const sweep = await sweepOf(link, request)
    const data = await retryPoints(link, sweep, await pointOf(link, sweep, request))
    return { data: { retried: data }, text: `failed points that are tried again: ${data}\n` }
  },
  drain: (link, request) => drainOf(link, request, 'drain'),
  resume: (link, request) => drainOf(link, request, 'resume'),
  purge: async (link, { olderThan = EXPIRY }) => {
    const data = await purgeSweeps(link, olderThan)
    return { data: { purged: data }, text: data.map((id) => `${id} is removed from the queue\n`).join('') }
  },
}

/** One sweep, or all of them. */
const drainOf = async (link: RedisLink, request: QueueRequest, how: 'drain' | 'resume'): Promise<Answer> => {
  const ids = request.sweep === undefined ? await idsIn(link) : [await sweepOf(link, request)]
  await drainSweeps(link, ids, how)
  const now = how === 'drain' ? 'workers take no more points of it' : 'workers take points of it again'
  return { data: { [how]: ids }, text: ids.map((id) => `${id}: ${now}\n`).join('') }
}

const idsIn = async (link: RedisLink): Promise<readonly string[]> =>
  (await sweepRegistry(link.client).list()).map(({ id }) => id)

const sweepOf = async (link: RedisLink, { sweep, action }: QueueRequest): Promise<string> =>
  chosen(sweep, await idsIn(link), 'the id of a sweep', `pwoa-run queue ${action}`)

const pointOf = async (link: RedisLink, id: string, { point }: QueueRequest): Promise<string | undefined> => {
  if (point === undefined) return undefined
  const keys = (await viewPoints(link, id)).map(({ key }) => key)
  return chosen(point, keys, 'the key of a point', `pwoa-run queue show ${id}`)
}

/** The only name that begins with a text. */
const chosen = (text: string | undefined, names: readonly string[], what: string, hint: string): string => {
  const fitting = names.filter((name) => name.startsWith(text ?? ' '))
  const exact = fitting.find((name) => name === text)
  const [first] = fitting
  if (exact !== undefined) return exact
  if (first !== undefined && fitting.length === 1) return first
  throw usageFailure({
    stage: 'queue',
    expected: `${what}, or its beginning`,
    actual:
      text === undefined ? 'none' : `${text}, with which ${fitting.length === 0 ? 'none begins' : 'several begin'}`,
    hint:
      names.length === 0
        ? `Nothing to choose from; ${hint} shows the list.`
        : `Known: ${names.slice(0, 10).join(', ')}`,
  })
}
