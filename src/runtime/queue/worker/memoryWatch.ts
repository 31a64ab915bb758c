import { totalmem } from 'node:os'

/** Looks at the memory of points, and says once if as many as this worker runs would not fit. */
export interface MemoryWatch {
  /** Takes note of the bytes that the process of a sweep's point holds now. */
  readonly seen: (sweep: string, bytes: number) => void
}

/** The memory that this process and those it starts may use, in bytes: the machine's, or the limit of its container. */
export const memoryLimit = (): number => {
  const limit = process.constrainedMemory() ?? 0
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/**
 * A watch over the points of one worker.
 *
 * @param slots how many points this worker runs at the same time
 * @param limit in bytes
 */
export const memoryWatch = (slots: number, limit: number, say: (message: string) => void): MemoryWatch => {
  const warned = new Set<string>()
  return {
    seen: (sweep, bytes) => {
      if (slots * bytes <= limit || warned.has(sweep)) return
      warned.add(sweep)
      const fitting = Math.max(1, Math.floor(limit / bytes))
      say(
        `${sweep}: a point takes ${gigabytes(bytes)}: ${slots} at a time do not fit into ${gigabytes(limit)}; --workers ${fitting} would`,
      )
    },
  }
}
