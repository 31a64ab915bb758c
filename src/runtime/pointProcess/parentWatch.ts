// A thread in the process of a point. If the parent is gone, the run saves its state and the process ends by itself; a run
// that hangs can't. This thread, which no run can block, then ends the process with all that it has started.
import { workerData } from 'node:worker_threads'

/** Milliseconds between two looks. */
const LOOK = 1000

/** Milliseconds from the parent's end until the process is ended. */
const grace = 1000 * Number(workerData)

const parent = process.ppid
let orphanedAt: number | undefined

setInterval(() => {
  if (process.ppid === parent) return
  orphanedAt ??= performance.now()
  if (performance.now() - orphanedAt < grace) return
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.kill(process.pid, 'SIGKILL')
  }
}, LOOK)
