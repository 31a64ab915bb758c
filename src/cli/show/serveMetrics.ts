import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PwoaFailure } from '../../dsl/errors.js'
import { messageOf } from '../../io/files/thrown.js'
import type { Address } from '../arguments/optionReaders.js'

/** What is served about a worker. */
export interface Watched {
  readonly contentType: string
  readonly text: () => Promise<string>
  /** Whether it takes points. */
  readonly isReady: () => boolean
}

/** A server that is listening. */
export interface MetricsServer {
  readonly port: number
  readonly close: () => void
}

/**
 * Serves `/metrics` for Prometheus, `/healthz` (200 while the process answers) and `/readyz` (200 while the worker takes
 * points, 503 otherwise).
 *
 * @throws OptionError if the address is not available
 */
export const serveMetrics = async ({ contentType, text, isReady }: Watched, { host, port }: Address) => {
  const pages: Readonly<Record<string, () => Promise<readonly [code: number, body: string, type?: string]>>> = {
    '/metrics': async () => [200, await text(), contentType],
    '/healthz': async () => [200, 'ok\n'],
    '/readyz': async () => (isReady() ? [200, 'ready\n'] : [503, 'takes no points\n']),
  }
  const server = createServer(async ({ url = '', method }, response) => {
    const page = method === 'GET' && Object.hasOwn(pages, url) ? pages[url] : undefined
    const [code, body, type = 'text/plain; charset=utf-8'] = page
      ? await page().catch(failed)
      : ([404, 'not here\n'] as const)
    response.writeHead(code, { 'content-type': type }).end(body)
  })
  return { port: await listening(server, host, port), close: () => void server.close() } satisfies MetricsServer
}

const failed = (thrown: unknown) => [500, `${messageOf(thrown)}\n`] as const

const listening = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (thrown) =>
      reject(
        new PwoaFailure({
          _tag: 'OptionError',
          stage: '--metrics-at',
          expected: `an address that is free: ${host}:${port}`,
          actual: messageOf(thrown),
        }),
      ),
    )
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
