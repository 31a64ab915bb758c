import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { onTestFinished } from 'vitest'
import { freePort, listening } from '../queue/freePort.js'

/** A server of one test file. */
export interface OwnS3 {
  readonly port: number
  /** The environment variables by which a client finds the server. */
  readonly environment: Readonly<Record<string, string>>
  /** Makes a bucket for one test. Returns its name. */
  readonly makeBucket: () => Promise<string>
  /** The object at `bucket/key`, a character for each byte. */
  readonly get: (path: string) => Promise<string>
  readonly put: (path: string, text: string) => Promise<void>
  readonly stop: () => Promise<void>
}

export const keys = { AWS_ACCESS_KEY_ID: 'open-key', AWS_SECRET_ACCESS_KEY: 'not-to-be-seen-either' } as const

/** The address of a store on this machine, and keys for it. */
export const environmentOf = (port: number, own: Readonly<Record<string, string>> = keys) => ({
  AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  ...own,
})

/** Starts moto's server on a free port; its responses to lists have three keys each. */
export const startS3 = async (): Promise<OwnS3> => {
  const port = await freePort()
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, MOTO_S3_DEFAULT_MAX_KEYS: '3' },
  })
  await listening(port)
  const environment = environmentOf(port)
  Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' })
  const client = new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL_S3,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY },
  })
  let buckets = 0
  const placeOf = (path: string) => ({ Bucket: path.split('/')[0], Key: path.split('/').slice(1).join('/') })
  return {
    port,
    environment,
    makeBucket: async () => {
      const Bucket = `studies-${++buckets}`
      await client.send(new CreateBucketCommand({ Bucket }))
      return Bucket
    },
    get: async (path) => {
      const { Body } = await client.send(new GetObjectCommand(placeOf(path)))
      return (await Body?.transformToString('latin1')) ?? ''
    },
    put: async (path, text) =>
      void (await client.send(new PutObjectCommand({ ...placeOf(path), Body: Buffer.from(text, 'latin1') }))),
    stop: async () => {
      client.destroy()
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Makes a user with rights, and lets the store check signatures from now on. Returns the user's keys. */
export const guarded = async (
  { port }: OwnS3,
  name: string,
  rights: readonly string[],
): Promise<Record<string, string>> => {
  /** How many calls the store answers without checking their signatures. */
  const answers = (count: string) =>
    fetch(`http://127.0.0.1:${port}/moto-api/reset-auth`, { method: 'POST', body: count })
  const iam = async (fields: Readonly<Record<string, string>>): Promise<string> => {
    const scope = 'Credential=open-key/20260101/us-east-1/iam/aws4_request'
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams({ Version: '2010-05-08', UserName: name, ...fields }),
    })
    return answer.text()
  }
  await answers('Infinity')
  await iam({ Action: 'CreateUser' })
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: rights, Resource: '*' }] }
  await iam({ Action: 'PutUserPolicy', PolicyName: 'rights', PolicyDocument: JSON.stringify(policy) })
  const made = await iam({ Action: 'CreateAccessKey' })
  const field = (name: string): string => new RegExp(`<${name}>(.*)</${name}>`).exec(made)?.[1] ?? ''
  await answers('0')
  return { AWS_ACCESS_KEY_ID: field('AccessKeyId'), AWS_SECRET_ACCESS_KEY: field('SecretAccessKey') }
}

/** A connection to a store that can be cut. */
export interface Way {
  readonly port: number
  readonly cut: () => Promise<void>
  readonly open: () => Promise<void>
}

/** Listens on a free port and forwards all requests. @param change changes a request's headers */
export const wayTo = async (store: number, change: (headers: IncomingMessage['headers']) => void = () => undefined) => {
  const port = await freePort()
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers }
    change(headers)
    const { method, url: path } = incoming
    const passed = request({ port: store, host: '127.0.0.1', method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  const open = async (): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const cut = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    if (server.listening) await once(server, 'close')
  }
  await open()
  onTestFinished(cut)
  return { port, cut, open } satisfies Way
}
