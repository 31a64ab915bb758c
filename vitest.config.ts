import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { readStamp, readUnavailable } from './scripts/engineCache.mjs'

const nativeIsInstalled = (): boolean => {
  if (readStamp() !== undefined) return true
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node')
    return true
  } catch {
    return false
  }
}

const engineTests = 'test/**/*.engine.test.ts'

/** The tests that compute, on one engine. In child processes: tfjs-node is not safe in worker threads. */
const onEngine = (name: 'tensorflow' | 'wasm') => ({
  extends: true as const,
  test: {
    name,
    include: [engineTests],
    env: { PWOA_ENGINE: name },
    pool: 'forks' as const,
    setupFiles: ['test/support/engine.ts'],
  },
})

const engines = nativeIsInstalled() ? [onEngine('tensorflow'), onEngine('wasm')] : [onEngine('wasm')]
if (engines.length === 1) {
  const reason = readUnavailable()?.reason ?? 'it is not installed; npx pwoa-setup brings it'
  process.stderr.write(`test: the native engine is left out: ${reason}\n`)
}

export default defineConfig({
  resolve: {
    alias: [{ find: /^pwoa$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) }],
  },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    retry: 0,
    // A core is left to the tests' parent otherwise: on two cores all tests would run one after the other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [engineTests],
          pool: 'forks',
          typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], ignoreSourceErrors: true },
        },
      },
      ...engines,
    ],
  },
})
