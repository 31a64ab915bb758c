import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { PwoaFailure } from '../dsl/errors.js'
import { type Broadcast, makeBroadcast } from './broadcast.js'
import { controls } from './messages.js'
import type { PageFiles } from './pageFiles.js'
import type { Show } from './show.js'

export interface PageOptions {
  readonly host: string
  /** 0 for one that is free. */
  readonly port: number
  /** Part of the page's address: who doesn't know it sees nothing. */
  readonly token: string
  readonly files: PageFiles
  readonly show: Show
}

/** A page that is being served. */
export interface PageServer {
  /** Its address, token included. */
  readonly url: string
  readonly port: number
  /** Tells the pages what is left and ends. */
  readonly close: () => Promise<void>
}

/** Serves the page. Throws a `PwoaFailure` where the address can't be had. */
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
          expected: 'an address that is free',
          actual: `${host}:${port}: ${cause.message}`,
          hint: 'Choose another one with --ui-at host:port.',
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

/** On every answer: nothing of another host's, no guessing of types, no copy kept, no address passed on. */
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
  const known = same(token, serving.token) && isOurs(serving.host, request.headers.host)
  if (known && request.method === 'GET' && path.join('/') === 'events')
    serving.broadcast.listen(response, new URLSearchParams(query).get('run') ?? undefined)
  else
    send(request, response, known ? found(serving, request.method, path) : plain(403, 'Ask pwoa-run for the address.'))
}

/** What a request comes to. */
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

const found = ({ files, show }: Serving, method: string | undefined, path: readonly string[]): Answer => {
  const [first = '', id = '', what = ''] = path
  const file = method === 'GET' && path.length === 1 ? files.get(first === '' ? 'index.html' : first) : undefined
  if (file) return { status: 200, ...file }
  const control = controls.find((name) => name === what)
  if (method !== 'POST' || first !== 'runs' || path.length !== 3 || !control) return plain(404, 'Nothing here.')
  const run = show.run(id)
  if (!run?.controls) return plain(409, 'This run is not under way here.')
  run.controls[control]()
  return plain(200, 'Done.')
}

const loopback = /^(127(\.\d+){3}|localhost|\[::1\])$/

/** Whether a browser asks this machine by its own name: any site can point a name of its own at 127.0.0.1. */
const isOurs = (host: string, asked = ''): boolean =>
  !loopback.test(host.includes(':') ? `[${host}]` : host) || loopback.test(asked.replace(/:\d+$/, ''))

/** Compares in a time that says nothing of where two texts differ. */
const same = (given: string, wanted: string): boolean => timingSafeEqual(digest(given), digest(wanted))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const send = (request: IncomingMessage, response: ServerResponse, { status, type, bytes }: Answer): void => {
  const packed = String(request.headers['accept-encoding']).includes('gzip')
  response.writeHead(status, { 'Content-Type': type, ...(packed ? { 'Content-Encoding': 'gzip' } : {}) })
  response.end(packed ? gzipSync(bytes) : bytes)
}
