import { PwoaFailure } from '../../../dsl/errors.js'
import { download } from './download.js'

const IDLE_MS = 15_000

/** A file as its authors published it, and where it can be downloaded. */
export interface PublishedFile {
  readonly name: string
  /** Tried in this order. */
  readonly urls: readonly string[]
  /** Bytes, at most, of what is sent. */
  readonly mostBytes: number
  /** Refuses what is not the published file, by its checksum. */
  readonly verify: (sent: Uint8Array, url: string) => void
}

/** What to do with a download that ends otherwise. */
export interface FetchOptions {
  readonly stage: string
  /** Where earlier downloads are kept, for errors. */
  readonly folder: string
  readonly signal: AbortSignal
  /** The error where no mirror has the file: why, in words, and the first exception. */
  readonly missing: (actual: string, cause: unknown) => PwoaFailure
}

const messageOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown)
  // fetch says only "fetch failed"; its cause says why.
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message
}

/**
 * Downloads a published file from the first mirror that sends it whole.
 *
 * Rejects with a `PwoaFailure`: an `InterruptedError` where it was aborted, else what `missing` makes of the reasons.
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
  const reasons = [...new Set(failures.map(messageOf))].join('; ')
  throw options.missing(`no ${file.name} there, and no download (${reasons})`, failures[0])
}
