import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../runtime/fakes.js'
import { freePort, listening } from './freePort.js'

/** Why there is no Redis here; undefined where there is one. */
export const redisMissing = ((): string | undefined => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'skipped: redis-server is not installed (Debian: apt-get install redis-server)'
  }
})()

/** A Redis of the test's own, which keeps what it has across a restart. */
export interface OwnRedis {
  readonly url: string
  readonly port: number
  /** Ends it at once, as a power cut would. */
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
}

/** Starts a Redis on a free port; it ends with the test. @param password what clients must say */
export const ownRedis = async (password?: string): Promise<OwnRedis> => {
  const port = await freePort()
  const dir = temporaryFolder()
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const secured = password === undefined ? [] : ['--requirepass', password]
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...kept, ...secured], {
      stdio: 'ignore',
    })
    await listening(port)
  }
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  onTestFinished(kill)
  return { url: `redis://127.0.0.1:${port}`, port, kill, start }
}
