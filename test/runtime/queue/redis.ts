import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from '../fakes.js'
import { freePort, listening } from './freePort.js'

/** A Redis server of one test. Its data survive a restart. */
export interface OwnRedis {
  readonly url: string
  readonly port: number
  /** Kills the server, as a power cut would. */
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
}

/** A self-signed certificate for this machine. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Makes a self-signed certificate, as two files that are removed after the test. */
export const selfSigned = (): Certificate => {
  const folder = temporaryFolder()
  const certificate = join(folder, 'certificate.pem')
  const key = join(folder, 'key.pem')
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  return { certificate, key }
}

/** What clients of a Redis server need. */
export interface Security {
  readonly password?: string
  /** The server accepts only TLS, with this certificate. */
  readonly tls?: Certificate
}

/** Starts a Redis server on a free port; it is killed after the test. */
export const ownRedis = async ({ password, tls }: Security = {}): Promise<OwnRedis> => {
  const port = await freePort()
  const dir = temporaryFolder()
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const secured = password === undefined ? [] : ['--requirepass', password]
  const listens = tls
    ? ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no']
        .concat(['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key])
        .concat(['--tls-ca-cert-file', tls.certificate])
    : ['--port', String(port)]
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    child = spawn('redis-server', [...listens, '--bind', '127.0.0.1', '--dir', dir, ...kept, ...secured], {
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
  return { url: `${tls ? 'rediss://localhost' : 'redis://127.0.0.1'}:${port}`, port, kill, start }
}
