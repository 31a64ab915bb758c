// The process of one point of a sweep. It receives its task and sends its progress over the channel to its parent.
import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import { type PwoaError, toPwoaError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { withoutCause } from '../../dsl/pwoaError.js'
import { releaseLocks } from '../folder/folderLock.js'
import { withSourcePosition } from '../host/sourcePositions.js'
import { failIdle, handToRun } from '../run/unhandledErrors.js'
import { pointInProcess } from '../sweep/pointInProcess.js'
import { type FromPoint, type PointOutcome, type PointTask, ToPoint } from '../sweep/pointMessages.js'
import { pointOfTask } from './pointOfTask.js'

let stop = (): void => process.exit()

const say = (message: FromPoint): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })

const run = async (task: PointTask): Promise<PointOutcome> => {
  const point = await pointOfTask(task)
  if (E.isLeft(point)) return { type: 'failed', error: point.left }
  const running = pointInProcess(point.right, task, (progress) => void say({ type: 'progress', progress }))
  stop = running.stop
  return running.outcome
}

const failed = (error: PwoaError, lacks?: readonly string[]): FromPoint => ({
  type: 'failed',
  error: withoutCause(withSourcePosition(error)),
  ...given({ lacks }),
})

const answer = async (task: PointTask): Promise<void> => {
  const outcome = await run(task)
  if (outcome.type === 'done' || outcome.type === 'paused') await say(outcome)
  if (outcome.type === 'failed') await say(failed(outcome.error, outcome.lacks))
  // The threads of an engine would keep the process alive.
  process.exit()
}

process.on('message', (raw) => {
  const message = ToPoint.decode(raw)
  if (E.isLeft(message)) throw new Error('an unknown message')
  if (message.right.type === 'stop') stop()
  else {
    // The channel to the parent must not hide that a run waits for nothing.
    process.channel?.unref()
    void answer(message.right.task)
  }
})

new Worker(new URL('./parentWatch.js', import.meta.url), { workerData: Number(process.argv[2]), execArgv: [] }).unref()

// Ctrl-C reaches every process of a terminal: the parent decides. If the parent is gone, the state is saved.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => stop())
process.on('disconnect', () => stop())

// The run takes what its callbacks don't catch. Before a run and after it, the point fails by it.
const unforeseen = (thrown: unknown): void => {
  void say(failed(toPwoaError('pwoa-run', thrown))).then(() => process.exit())
}
process
  .on('uncaughtException', (thrown) => void (handToRun('exception', thrown) || unforeseen(thrown)))
  .on('unhandledRejection', (thrown) => void (handToRun('rejection', thrown) || unforeseen(thrown)))
  .on('beforeExit', failIdle)
  .on('exit', releaseLocks)
