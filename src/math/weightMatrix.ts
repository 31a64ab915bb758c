/** What lies in the rows of a weight: `count` pixels × channels, the pixels of a kernel or of a flattened image. */
export interface Places {
  readonly count: number
  readonly of: 'kernel' | 'image'
}

/** A weight as a matrix of `rows` = k·k·in by `columns` = out: the engine's layout. */
export interface WeightShape {
  /** k·k·in, pixels outermost */
  readonly rows: number
  /** out */
  readonly columns: number
  /** @default one pixel of an image */
  readonly places?: Places
  /** Parts of the columns, one after another, whose rows are of channels of their own. @default 1 */
  readonly groups?: number
}

export interface WeightMatrix extends WeightShape {
  /** Row-major. */
  readonly values: Float32Array
}
