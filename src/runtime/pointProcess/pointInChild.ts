import { type ChildProcess, fork } from 'node:child_process'
import * as E from 'fp-ts/lib/Either.js'
import { FromPoint, type PointOutcome, type PointTask } from '../sweep/pointMessages.js'
import type { RunningPoint, RunPoint } from '../sweep/runPoint.js'
import { threadEnvironment } from './threads.js'

/** The module of a point's own process. */
const pointEntry = new URL('./pointMain.js', import.meta.url)

/** How the processes of points are started. */
export interface ChildOptions {
  /** The module that runs a point. @default `pointMain` beside this one */
  readonly entry?: URL
  /** The pipeline file, absolute. */
  readonly file: string
  /** The texts of `--set`. */
  readonly values: Readonly<Record<string, string>>
  /** How many run side by side on this machine. */
  readonly workers: number
  /** Variables of the environment that the processes are started without. @default none */
  readonly secrets?: readonly string[]
}

/** Runs each point in a process of its own: the tensor library is not safe in threads, and a crash stays alone. */
export const pointInChild =
  ({ file, values, ...child }: ChildOptions): RunPoint =>
  (_point, place, onProgress) =>
    runTask({ file, values: { ...values }, ...place }, child, onProgress)

/** Starts a process for a task and follows it to its end. */
export const runTask = (
  task: PointTask,
  { entry = pointEntry, workers, secrets = [] }: Pick<ChildOptions, 'entry' | 'workers' | 'secrets'>,
  onProgress: Parameters<RunPoint>[2],
): RunningPoint => {
  const child = fork(entry, [], {
    env: { ...threadEnvironment(workers), ...without(secrets, process.env) },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const said = lastLine(child)
  const outcome = new Promise<PointOutcome>((resolve) => {
    child.on('message', (message) => {
      const decoded = FromPoint.decode(message)
      if (E.isLeft(decoded)) return
      if (decoded.right.type === 'progress') onProgress(decoded.right.progress)
      else resolve(decoded.right)
    })
    child.on('error', (error) => resolve({ type: 'crashed', reason: error.message }))
    // After `exit` messages may still be on their way; at `close` the channel has ended.
    child.on('close', (code, signal) => resolve({ type: 'crashed', reason: crashOf(code, signal, said()) }))
  })
  const send = (message: object): void => {
    // A process that has ended by itself tells so in its own way.
    if (child.connected) child.send(message, () => undefined)
  }
  send({ type: 'run', task })
  return { outcome, stop: () => send({ type: 'stop' }) }
}

/** A pipeline needs no queue, and what it writes must not tell of one. */
const without = (secrets: readonly string[], environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.includes(name)))

/** Keeps what the process has said last: where it crashes, that is the reason. */
const lastLine = (child: ChildProcess): (() => string) => {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text = `${text}${more}`.slice(-2000)
  })
  return () => text.trimEnd().split('\n').at(-1) ?? ''
}

const crashOf = (code: number | null, signal: NodeJS.Signals | null, said: string): string =>
  `${signal === null ? `exit code ${code}` : `signal ${signal}`}${said === '' ? '' : `: ${said}`}`
