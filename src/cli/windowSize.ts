/** A terminal's window. */
export interface WindowSize {
  readonly columns: number
  readonly rows: number
}

/** As it is now: a person may change it at any time. */
export const windowSize = ({ columns = 80, rows = 24 }: NodeJS.WriteStream): WindowSize => ({ columns, rows })
