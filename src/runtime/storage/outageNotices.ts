import { codeOf, messageOf } from '../../io/files/thrown.js'

/** Reports once that a service can't be reached, and once that it is back. */
export interface OutageNotices {
  /** The service can't be reached. The report has the code of what was thrown, or its message if it has no code. */
  readonly away: (thrown: unknown) => void
  /** The service has answered. */
  readonly back: () => void
}

/** Notices for one service. @param shown the service's address, without secrets */
export const outageNotices = (shown: string, warn: (message: string) => void): OutageNotices => {
  let isAway = false
  return {
    away: (thrown) => {
      if (isAway) return
      isAway = true
      warn(`${shown} can't be reached (${codeOf(thrown) || messageOf(thrown)}): waiting for it`)
    },
    back: () => {
      if (isAway) warn(`${shown} is back`)
      isAway = false
    },
  }
}
