import { PwoaFailure } from '../../../dsl/errors.js'
import { messageOf } from '../../files/thrown.js'
import { download } from './download.js'

const IDLE_MS = 15_000

/** A file as its authors published it, and where it can be downloaded. */
export interface PublishedFile {
  readonly name: string
  /** Tried in this order. */
  readonly urls: readonly string[]
  /** The most bytes that the file may have as it is sent. */
  readonly mostBytes: number
  /** Compares the checksum with the published file's. @throws Refusal for other bytes */
  readonly verify: (sent: Uint8Array, url: string) => void
}

/** How a download is made, and how its errors read. */
export interface FetchOptions {
  readonly stage: string
  /** The folder of earlier downloads, for errors. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Makes the error if no mirror has the file, from the reason in words and the first exception. */
  readonly missing: (actual: string, cause: unknown) => PwoaFailure
}

/** The message and that of the cause: the message of `fetch` is only "fetch failed". */
const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error && thrown.cause instanceof Error
    ? `${thrown.message}: ${thrown.cause.message}`
    : messageOf(thrown)

/**
 * Downloads a published file from the first mirror that sends the right bytes.
 *
 * @throws PwoaFailure with an InterruptedError if the download was aborted; otherwise what `missing` returns
 */
export const fetchPublished = async (file: PublishedFile, options: FetchOptions): Promise<Uint8Array> => {
  const failures: unknown[] = []
  for (const url of file.urls) {
    try {
      const sent = await download(url, { mostBytes: file.mostBytes, idleMs: IDLE_MS, signal: options.signal })
      file.verify(sent, url)
      return sent
    } catch (thrown) {
      if (options.signal.aborted) {
        throw new PwoaFailure({
          _tag: 'InterruptedError',
          stage: options.stage,
          expected: `the download of ${file.name}`,
          actual: 'an interruption',
          hint: `Run it again: what is already in ${options.folder} is kept.`,
        })
      }
      failures.push(thrown)
    }
  }
  const reasons = [...new Set(failures.map(reasonOf))].join('; ')
  throw options.missing(`no ${file.name} there, and no download (${reasons})`, failures[0])
}
