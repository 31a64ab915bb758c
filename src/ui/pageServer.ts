import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { PwoaFailure } from '../dsl/errors.js'
import { type Broadcast, makeBroadcast } from './broadcast.js'
import { controls } from './messages.js'
import type { PageFiles } from './pageFiles.js'
import { isOwnHost, isOwnOrigin } from './requestPlace.js'
import type { Show } from './show.js'

/** Options of {@link openPageServer}. */
export interface PageOptions {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Secret part of the page's address, without which every request is refused. */
  readonly token: string
  readonly files: PageFiles
  readonly show: Show
}

/** A server of the live page. */
export interface PageServer {
  /** Its address, token included. */
  readonly url: string
  readonly port: number
  /** Sends the last changes to the pages and stops. */
  readonly close: () => Promise<void>
}

/**
 * Serves the live page.
 *
 * @throws OptionError (as a `PwoaFailure`) if the address is not available
 */
export const openPageServer = async (options: PageOptions): Promise<PageServer> => {
  const { host, token, show } = options
  const broadcast = makeBroadcast(show)
  const server = createServer((request, response) => {
    answer({ ...options, broadcast }, request, response)
  })
  const port = await listening(server, options)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/${token}/`,
    port,
    close: async () => {
      await broadcast.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

const listening = (server: Server, { host, port }: PageOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new PwoaFailure({
          _tag: 'OptionError',
          stage: '--ui',
          expected: 'a free address',
          actual: `${host}:${port}: ${cause.message}`,
          hint: 'Choose another address with --ui-at host:port.',
          cause,
        }),
      ),
    )
    server.listen({ host, port }, () => {
      server.unref()
      resolve((server.address() as AddressInfo).port)
    })
  })

type Serving = PageOptions & { readonly broadcast: Broadcast }

/** Headers of every response: nothing from other hosts, no type sniffing, no caching, no referrer. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

const answer = (serving: Serving, request: IncomingMessage, response: ServerResponse): void => {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const [address = '', query] = (request.url ?? '').split('?')
  const [, token = '', ...path] = address.split('/')
  const known = same(token, serving.token) && isOwnHost(serving.host, request.headers)
  if (known && request.method === 'GET' && path.join('/') === 'events')
    serving.broadcast.listen(response, new URLSearchParams(query).get('run') ?? undefined)
  else
    send(
      request,
      response,
      known ? found(serving, request, path) : plain(403, 'Use the address that pwoa-run printed.'),
    )
}

/** The response to a request. */
interface Answer {
  readonly status: number
  readonly type: string
  readonly bytes: Uint8Array
}

const plain = (status: number, text: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  bytes: Buffer.from(`${text}\n`),
})

const found = (
  { files, show }: Serving,
  { method, headers: asked }: IncomingMessage,
  path: readonly string[],
): Answer => {
  const [first = '', id = '', what = ''] = path
  const file = method === 'GET' && path.length === 1 ? files.get(first === '' ? 'index.html' : first) : undefined
  if (file) return { status: 200, ...file }
  const control = controls.find((name) => name === what)
  if (method !== 'POST' || first !== 'runs' || path.length !== 3 || !control) return plain(404, 'Not found.')
  if (!isOwnOrigin(asked)) return plain(403, 'Only the page itself can control a run.')
  const run = show.run(id)
  if (!run?.controls) return plain(409, 'This run is not running in this process.')
  run.controls[control]()
  return plain(200, 'Done.')
}

/** Compares two texts in constant time, so that the time does not reveal where they differ. */
const same = (given: string, wanted: string): boolean => timingSafeEqual(digest(given), digest(wanted))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const send = (request: IncomingMessage, response: ServerResponse, { status, type, bytes }: Answer): void => {
  const packed = String(request.headers['accept-encoding']).includes('gzip')
  response.writeHead(status, { 'Content-Type': type, ...(packed ? { 'Content-Encoding': 'gzip' } : {}) })
  response.end(packed ? gzipSync(bytes) : bytes)
}
