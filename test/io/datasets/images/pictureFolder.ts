import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'

/** A new folder of pictures for each test, with a cache of its own in `cache`. @param name what the folder's begins with */
export const pictureFolder = (name: string) => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), name))
    vi.stubEnv('PWOA_CACHE', join(root, 'cache'))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(root, { recursive: true })
  })
  return {
    path: (...parts: readonly string[]): string => join(root, ...parts),
    put: (place: string, bytes: Uint8Array): void => {
      mkdirSync(dirname(join(root, place)), { recursive: true })
      writeFileSync(join(root, place), bytes)
    },
    /** What a data source opens the folder with. */
    context: () => ({ dataDir: root, seed: 0, signal: new AbortController().signal }),
  }
}
