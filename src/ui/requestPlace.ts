import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'

/** A name or an address without its port and without brackets. */
const bare = (host: string): string =>
  host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()

const isLoopback = (name: string): boolean => name === 'localhost' || name === '::1' || /^127(\.\d+){3}$/.test(name)

/**
 * Whether a request names this machine as its host. Any site can let its own name resolve to this machine's address (DNS
 * rebinding), but then the browser sends that name: only addresses and known names are accepted, and of a page that is
 * served on the loopback interface only names of that.
 *
 * @param bound the host that the server listens on
 */
export const isOwnHost = (bound: string, { host = '' }: IncomingHttpHeaders): boolean => {
  const [own, asked] = [bare(bound.includes(':') ? `[${bound}]` : bound), bare(host)]
  if (isLoopback(asked)) return true
  const names = [own, hostname().toLowerCase(), `${hostname().toLowerCase()}.local`]
  return !isLoopback(own) && (isIP(asked) !== 0 || names.includes(asked))
}

/**
 * Whether the page itself sends a request, and not a page of another site. Browsers state the origin of each request that
 * may change something, and no script can change it.
 */
export const isOwnOrigin = ({ host = '', origin }: IncomingHttpHeaders): boolean => origin === `http://${host}`
