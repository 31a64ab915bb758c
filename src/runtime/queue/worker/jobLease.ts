import type { Job } from 'bullmq'

/** The right to run a job, which this worker renews while it lives. */
export interface JobLease {
  readonly job: Job
  /** Names this worker's right in calls of the queue. */
  readonly token: string
  /** Whether the right is lost: the job was cancelled, or another worker has taken over. */
  readonly isLost: () => boolean
  /** Ends the renewal. */
  readonly end: () => void
}

/**
 * Renews the lock of a job at intervals.
 *
 * @param seconds how long a lock lasts
 * @param lost called once if the lock can't be renewed
 */
export const keepLease = (job: Job, token: string, seconds: number, lost: () => void): JobLease => {
  let isLost = false
  let isAsking = false
  const renew = async (): Promise<void> => {
    // While Redis can't be reached, one question waits; more would pile up.
    if (isAsking || isLost) return
    isAsking = true
    // If Redis answers with an error, such as that it is full, the lock may still be there.
    const renewed = await job.extendLock(token, 1000 * seconds).catch(() => 1)
    isAsking = false
    if (renewed === 1 || isLost) return
    isLost = true
    clearInterval(timer)
    lost()
  }
  const timer = setInterval(() => void renew(), (1000 * seconds) / 3)
  return { job, token, isLost: () => isLost, end: () => clearInterval(timer) }
}
