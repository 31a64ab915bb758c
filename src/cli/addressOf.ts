import { failure } from './optionReaders.js'
import type { Address } from './word.js'

/** This machine alone, on a port that is free. */
export const loopback: Address = { host: '127.0.0.1', port: 0 }

/** `host:port` or `port`; an IPv6 host in brackets. Throws a `UsageError` for anything else. */
export const addressOf = (text: string): Address => {
  const [, bracketed, host, port] = /^(?:(?:\[([0-9a-f:.]+)\]|([\w.-]+)):)?(\d{1,5})$/i.exec(text) ?? []
  if (port !== undefined && Number(port) < 2 ** 16)
    return { host: bracketed ?? host ?? loopback.host, port: Number(port) }
  throw failure({
    stage: '--ui-at',
    expected: 'a host and a port, such as 127.0.0.1:8080',
    actual: `"${text}"`,
  })
}
