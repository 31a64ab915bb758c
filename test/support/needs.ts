/**
 * Programs and files that some tests need and a machine may not have. Without them the tests are skipped, and the end of
 * `npm test` counts the skipped ones by need.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test is skipped, as the count of skipped tests names it. */
    skipped?: string
  }
}

export interface Need {
  readonly name: string
  readonly isThere: () => boolean
  /** What the count of skipped tests says. @default `no ${name}` */
  readonly skipped?: string
}

/** Whether a program runs and succeeds. */
const runs = (program: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A file or folder of `shared`, next to the checkout. */
export const shared = (path: string): string => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url))

const sharedFiles = (...paths: readonly string[]): Need => ({
  name: `shared/${paths.join(' and shared/')} beside the checkout`,
  isThere: () => paths.every((path) => existsSync(shared(path))),
})

export const redisServer: Need = { name: 'redis-server', isThere: () => runs('redis-server', '--version') }

/** A Redis that speaks TLS: `redis-cli` knows the option only if both are built with it. */
export const redisTls: Need = {
  name: 'openssl or redis-server with TLS',
  isThere: () => runs('openssl', 'version') && runs('redis-cli', '--tls', '--version'),
}

/** Moto's server of object storage. */
export const motoServer: Need = { name: 'moto_server', isThere: () => runs('moto_server', '--help') }

export const gcc: Need = { name: 'gcc', isThere: () => runs('gcc', '--version') }

/** A compiler for a Cortex-M4, and its emulation. */
export const cortexM: Need = {
  name: 'arm-none-eabi-gcc and qemu-system-arm',
  isThere: () => runs('arm-none-eabi-gcc', '--version') && runs('qemu-system-arm', '--version'),
}

/** The tools that tables are written for. */
export const pandasAndDuckDb: Need = {
  name: 'python3 with pandas, pyarrow and duckdb',
  isThere: () => runs('python3', '-c', 'import pandas, pyarrow, duckdb'),
}

export const python: Need = { name: 'python3', isThere: () => runs('python3', '--version') }

export const fileModes: Need = { name: 'file modes', isThere: () => process.platform !== 'win32' }

/** Reference values of PyTorch, and the public networks and images that they are of. */
export const goldenFiles = sharedFiles('golden', 'checkpoints', 'data/mnist')
export const publicCheckpoints = sharedFiles('checkpoints')
export const publicMnist = sharedFiles('data/mnist')
export const publicCifar = sharedFiles('data/cifar10/cifar10-jpeg.tar.xz')

/** Options for `describe` and `test`: skipped if one of the needs is not met. */
export const needing = (...needs: readonly Need[]) => {
  const missing = needs.find(({ isThere }) => !isThere())
  return missing ? { skip: true, meta: { skipped: missing.skipped ?? `no ${missing.name}` } } : {}
}
