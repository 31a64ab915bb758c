import { vi } from 'vitest'

/**
 * Waits until `look` returns something truthy and returns it.
 * @param what the awaited condition in words, for the error
 * @param seconds the longest wait
 * @default seconds 60
 * @throws Error if it takes longer, or if `look` throws
 */
export const until = async <T>(what: string, look: () => T | Promise<T>, seconds = 60) => {
  try {
    return await vi.waitUntil(look, { timeout: 1000 * seconds, interval: 10 })
  } catch (cause) {
    throw new Error(`waiting for ${what}, at most ${seconds} s: ${cause}`, { cause })
  }
}
