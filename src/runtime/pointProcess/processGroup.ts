import type { ChildProcess } from 'node:child_process'

/** The processes that must not outlive this one. */
const living = new Set<ChildProcess>()

/** Processes whose group was ended: the system may have given their number to others. */
const gone = new WeakSet<ChildProcess>()

const killAll = (): void => {
  for (const child of living) killGroup(child)
}

/** Ends a process that was started `detached`, with all that it has started, at once. */
export const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined || gone.has(child)) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group has ended, or this system has no groups.
    child.kill('SIGKILL')
  }
}

/** Ends the process with this one, however this one exits. What it has started is ended after it. */
export const endWithParent = (child: ChildProcess): void => {
  if (living.size === 0) process.on('exit', killAll)
  living.add(child)
  child.once('exit', () => {
    killGroup(child)
    gone.add(child)
    living.delete(child)
    if (living.size === 0) process.off('exit', killAll)
  })
}
