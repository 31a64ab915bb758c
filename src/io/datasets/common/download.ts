import { refuse } from '../../files/refusal.js'

/** Limits of a download. */
export interface DownloadLimits {
  /** The most bytes that are accepted. */
  readonly mostBytes: number
  /** Milliseconds without a response or a further piece until the download counts as failed. */
  readonly idleMs: number
  /** Aborts the download. */
  readonly signal: AbortSignal
}

const pieces = async (
  url: string,
  signal: AbortSignal,
  mostBytes: number,
  onPiece: () => void,
): Promise<Uint8Array> => {
  const response = await fetch(url, { signal })
  onPiece()
  if (!response.ok || response.body === null) return refuse(`${url} to exist`, `status ${response.status}`)
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of response.body) {
    onPiece()
    const bytes: Uint8Array = chunk
    total += bytes.length
    if (total > mostBytes) return refuse(`at most ${mostBytes} bytes from ${url}`, 'more')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/**
 * Downloads a file into memory.
 *
 * @throws Refusal if there is no such file or it is too large; Error if nothing arrives for too long, if the download is
 * aborted, or if there is no network
 */
export const download = async (url: string, { mostBytes, idleMs, signal }: DownloadLimits): Promise<Uint8Array> => {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  const giveUp = (): void => controller.abort(new Error(`no response from ${url} within ${idleMs / 1000} s`))
  let timer = setTimeout(giveUp, idleMs)
  const postpone = (): void => {
    clearTimeout(timer)
    timer = setTimeout(giveUp, idleMs)
  }
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await pieces(url, controller.signal, mostBytes, postpone)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
