import { codeOf, messageOf } from '../../io/files/thrown.js'

/** Says once that something on the network is away, and once that it is back. */
export interface OutageNotices {
  /** Told what was thrown; of its code or its message only the first is said. */
  readonly away: (thrown: unknown) => void
  readonly back: () => void
}

/** Nothing is away yet. @param shown what it is, without its secrets */
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
