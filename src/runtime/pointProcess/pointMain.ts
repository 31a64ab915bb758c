// The process of one point of a sweep. It receives its task and sends its progress over the channel to its parent.
import * as E from 'fp-ts/lib/Either.js'
import { type PwoaError, toPwoaError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { withoutCause } from '../../dsl/pwoaError.js'
import { withSourcePosition } from '../file/sourcePositions.js'
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
  if (outcome.type === 'done') await say(outcome)
  if (outcome.type === 'failed') await say(failed(outcome.error, outcome.lacks))
  // The threads of an engine would keep the process alive.
  process.exit()
}

process.on('message', (raw) => {
  const message = ToPoint.decode(raw)
  if (E.isLeft(message)) throw new Error('an unknown message')
  if (message.right.type === 'stop') stop()
  else void answer(message.right.task)
})

// Ctrl-C reaches every process of a terminal: the parent decides. If the parent is gone, the state is saved.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => stop())
process.on('disconnect', () => stop())

// An exception that no stage caught fails this point, as it would fail a single run.
const unforeseen = (thrown: unknown): void => {
  void say(failed(toPwoaError('pwoa-run', thrown))).then(() => process.exit())
}
process.on('uncaughtException', unforeseen).on('unhandledRejection', unforeseen)
