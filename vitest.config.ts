import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { readStamp, readUnavailable } from './scripts/engineCache.mjs'
import { SkipReporter } from './test/support/skipReporter.js'

const nativeIsInstalled = (): boolean => {
  if (readStamp() !== undefined) return true
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node')
    return true
  } catch {
    return false
  }
}

/** The tests of the command line, of pages in a browser, and of the package as it is installed. */
const commands = 'test/{cli,page,package}/**/*.test.ts'

/** The tests that compute, on one engine. */
const onEngine = (name: 'tensorflow' | 'wasm') => ({
  extends: true as const,
  test: {
    name,
    include: ['test/**/*.engine.test.ts', `test/**/*.${name}.test.ts`],
    env: { PWOA_ENGINE: name },
    setupFiles: ['test/support/engine.ts'],
  },
})

const hasNative = nativeIsInstalled()
const engines = hasNative ? [onEngine('tensorflow'), onEngine('wasm')] : [onEngine('wasm')]
const whyNot = readUnavailable()?.reason ?? 'it is not installed; npx pwoa-setup brings it'
const leftOut = hasNative ? [] : [`every test on the native engine is left out: ${whyNot}`]

/** Where CI wants every result. */
const report = process.env.PWOA_TEST_REPORT

const json = (outputFile: string): ['json', { outputFile: string }] => ['json', { outputFile }]

export default defineConfig({
  resolve: {
    alias: [{ find: /^pwoa$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) }],
  },
  test: {
    // Child processes: tfjs-node is not safe in worker threads. Each runs many files, because loading an engine and all
    // of `src` takes longer than most of them.
    pool: 'forks',
    isolate: false,
    globalSetup: 'test/support/builtGradients.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    retry: 0,
    // A test that asserts nothing can't fail.
    expect: { requireAssertions: true },
    reporters: ['default', new SkipReporter(leftOut), ...(report === undefined ? [] : [json(report)])],
    // A core is left to the tests' parent otherwise: on two cores all tests would run one after the other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{engine,tensorflow,wasm}.test.ts', commands],
          setupFiles: ['test/support/tidy.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'commands',
          // What one of these files leaves running ends with its process.
          isolate: true,
          include: [commands],
          setupFiles: ['test/support/tidy.ts'],
        },
      },
      ...engines,
    ],
  },
})
