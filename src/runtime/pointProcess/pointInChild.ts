import { type ChildProcess, fork } from 'node:child_process'
import * as E from 'fp-ts/lib/Either.js'
import type { Errors } from 'io-ts'
import type { InterruptedError } from '../../dsl/errors.js'
import { wrongField } from '../../dsl/kit/wrongField.js'
import { FromPoint, type PointOutcome, type PointTask } from '../sweep/pointMessages.js'
import type { RunningPoint, RunPoint } from '../sweep/runPoint.js'
import { crashReason } from './crashReason.js'
import type { GpuPool } from './gpuPool.js'
import { endWithParent, killGroup } from './processGroup.js'
import { threadEnvironment } from './threads.js'
import { defaultGrace, type TimeLimits, watchTime } from './timeLimits.js'

/** The module of a point's own process. */
const pointEntry = new URL('./pointMain.js', import.meta.url)

/** Milliseconds that a process may take to end after its answer. */
const LINGER = 10_000

/** How the processes of points are started. */
export interface ChildOptions {
  /** The module that runs a point. @default `pointMain` beside this one */
  readonly entry?: URL
  /** The pipeline file, absolute. */
  readonly file: string
  /** The texts of `--set`. */
  readonly values: Readonly<Record<string, string>>
  /** How many run at the same time on this machine. */
  readonly workers: number
  /** Variables of the environment that the processes are started without. @default none */
  readonly secrets?: readonly string[]
  /** Whose GPUs the processes compute on. @default they see all GPUs that this process sees */
  readonly gpus?: GpuPool | undefined
  /** After which times a process is ended. */
  readonly limits?: TimeLimits
}

/** Runs each point in its own process: the tensor library is not thread-safe, and a crash ends only one point. */
export const pointInChild =
  ({ file, values, ...child }: ChildOptions): RunPoint =>
  (_point, place, onProgress) =>
    runTask({ file, values: { ...values }, ...place }, child, onProgress)

/**
 * Starts a process for a task and follows it to its end. The process leads a group of its own, which is ended with it: at a
 * time limit, which counts as a crash, and if this process exits.
 */
export const runTask = (
  task: PointTask,
  { entry = pointEntry, workers, secrets = [], limits = {}, gpus }: Omit<ChildOptions, 'file' | 'values'>,
  onProgress: Parameters<RunPoint>[2],
): RunningPoint => {
  const gpu = gpus?.lend()
  const child = fork(entry, [String(limits.grace ?? defaultGrace)], {
    env: { ...threadEnvironment(workers), ...without(secrets, process.env), ...gpu?.environment },
    execArgv: [],
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  endWithParent(child)
  const said = endOfStderr(child)
  let refused: string | undefined
  let expired: string | undefined
  let isStopping = false
  const time = watchTime(limits, (reason) => {
    expired = reason
    killGroup(child)
  })
  const outcome = new Promise<PointOutcome>((resolve) => {
    const settle = (ended: PointOutcome): void => {
      time.end()
      // A process that has answered ends by itself, unless a library hangs while it is unloaded.
      setTimeout(() => killGroup(child), LINGER).unref()
      resolve(ended)
    }
    child.on('message', (message) => {
      time.advanced()
      const decoded = FromPoint.decode(message)
      // Lost progress does no harm. If it was the result, the process ends without another one, and this is the reason.
      if (E.isLeft(decoded)) refused = wrongMessage(decoded.left)
      else if (decoded.right.type === 'progress') onProgress(decoded.right.progress)
      else settle(decoded.right)
    })
    child.on('error', (error) => settle({ type: 'crashed', reason: error.message }))
    // After `exit` messages may still be on their way; at `close` the channel has ended.
    child.on('close', (code, signal) => {
      gpu?.release()
      // A process that was still loading has nothing to save: it ends without an answer.
      if (isStopping) return settle({ type: 'failed', error: stopped(expired) })
      const reason = crashOf(code, signal, crashReason(said()))
      settle({ type: 'crashed', reason: expired ?? (code === 0 ? (refused ?? reason) : reason) })
    })
  })
  const send = (message: object): void => {
    // If the process has ended, its `close` event settles the outcome.
    if (child.connected) child.send(message, () => undefined)
  }
  send({ type: 'run', task })
  return {
    outcome,
    pid: child.pid,
    stop: () => {
      if (isStopping) return
      isStopping = true
      if (child.exitCode === null && child.signalCode === null) time.stopping()
      send({ type: 'stop' })
    },
  }
}

const stopped = (expired = 'an interruption before it had begun'): InterruptedError => ({
  _tag: 'InterruptedError',
  stage: 'worker',
  expected: 'to run to the end',
  actual: expired,
})

/** A pipeline needs no access to the queue, and must not be able to write its password anywhere. */
const without = (secrets: readonly string[], environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.includes(name)))

/** The end of what the process wrote to stderr, with the reason if it crashes. */
const endOfStderr = (child: ChildProcess): (() => string) => {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text = `${text}${more}`.slice(-4000)
  })
  return () => text
}

const wrongMessage = (errors: Errors): string => {
  const { path, expected, actual } = wrongField(errors)
  return `its message was refused: expected ${expected} as ${path || 'message'}, got ${actual}`
}

const crashOf = (code: number | null, signal: NodeJS.Signals | null, said: string): string =>
  `${signal === null ? `exit code ${code}` : `signal ${signal}`}${said === '' ? '' : `: ${said}`}`
