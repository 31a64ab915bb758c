import type { PwoaError } from '../../../dsl/errors.js'
import { codeOf, messageOf } from '../../../io/files/thrown.js'
import type { PointOutcome } from '../../sweep/pointMessages.js'

/** Codes of the operating system that mean that the machine lacks something: space, memory, files or processes. */
const lacking = /\b(ENOSPC|EDQUOT|EROFS|EMFILE|ENFILE|ENOMEM|EAGAIN|EIO)\b/

/**
 * Why a point has not ended well, if the reason is this machine: a full disk, no memory for a process. Another machine may
 * do better. Undefined for any other end.
 */
export const machineFault = (ended: PointOutcome): string | undefined => {
  if (ended.type === 'crashed') return lacking.test(ended.reason) ? ended.reason : undefined
  return ended.type === 'failed' ? faultOfError(ended.error) : undefined
}

/** The same for an error as data: every `WriteError` is a fault of the machine. */
const faultOfError = (error: PwoaError): string | undefined => {
  if (error._tag === 'WriteError') return `${error.file}: expected ${error.expected}, got ${error.actual}`
  return lacking.test(error.actual) ? error.actual : undefined
}

/** The same for an exception in the worker itself; undefined for one that means something else. */
export const faultOfException = (thrown: unknown): string | undefined =>
  lacking.test(codeOf(thrown)) ? messageOf(thrown) : undefined
