import type { Job } from 'bullmq'
import { describeError } from '../../../dsl/errors.js'
import { dispatch } from '../../../dsl/kit/dispatch.js'
import { messageOf } from '../../../io/files/thrown.js'
import { failureText } from '../queueJob.js'
import type { JobLease } from './jobLease.js'
import { type Verdict, workerName } from './performJob.js'

/** Milliseconds after which a point whose folder is in use is offered again. */
const LATER = 10_000

/** The end of a job in words; undefined for a job that only has to wait. */
export const wordsOf = dispatch<Verdict, [], string | undefined>({
  done: () => 'done',
  paused: () => 'reached its rung',
  failed: ({ error }) => `failed: ${describeError(error)}`,
  crashed: ({ reason }) => `crashed (${reason})`,
  refused: ({ reason }) => reason,
  machine: ({ reason }) => reason,
  store: ({ reason }) => reason,
  interrupted: () => 'interrupted: handed back',
  busy: () => undefined,
})

/** Reports the end of a job to the queue. Does nothing if the right to the job is lost. */
export const settleJob = async (lease: JobLease, verdict: Verdict, say: (message: string) => void): Promise<void> => {
  const { job, token } = lease
  try {
    if (lease.isLost()) return
    const words = wordsOf(verdict)
    if (words !== undefined) await job.log(`${new Date().toISOString()} ${workerName()}: ${words}`)
    await settle(verdict, job, token)
  } catch (thrown) {
    // Meanwhile the job was cancelled, or another worker has taken over.
    say(messageOf(thrown))
  } finally {
    lease.end()
  }
}

/** Returns the job to the queue, which counts neither as a failure nor as an attempt. */
const handBack = async (job: Job, token: string): Promise<void> => void (await job.moveToWait(token))

/** The same, and reports the reason to the follower of the sweep. */
const handBackFor = async ({ reason }: { readonly reason: string }, job: Job, token: string): Promise<void> => {
  await job.updateProgress({ type: 'warning', stage: workerName(), message: reason })
  await handBack(job, token)
}

/** The job is done; its result is in the storage. */
const complete = async (_: unknown, job: Job, token: string): Promise<void> =>
  void (await job.moveToCompleted(true, token, false))

const settle = dispatch<Verdict, [job: Job, token: string], Promise<void>>({
  done: complete,
  paused: complete,
  failed: async ({ error }, job, token) => {
    const { UnrecoverableError } = await import('bullmq')
    await job.moveToFailed(new UnrecoverableError(failureText(error)), token, false)
  },
  crashed: async ({ reason }, job, token) => void (await job.moveToFailed(new Error(reason), token, false)),
  refused: handBackFor,
  machine: handBackFor,
  store: handBackFor,
  interrupted: (_, job, token) => handBack(job, token),
  busy: (_, job, token) => job.moveToDelayed(Date.now() + LATER, token),
})
