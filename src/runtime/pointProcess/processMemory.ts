import { readFileSync } from 'node:fs'

/** The memory that a process holds, in bytes; undefined if it has ended, or on a system without `/proc`. */
export const memoryOf = (pid: number | undefined): number | undefined => {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? undefined : 1024 * Number(kilobytes)
  } catch {
    return undefined
  }
}
