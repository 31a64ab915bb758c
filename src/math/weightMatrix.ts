/** What the rows of a weight run over: `count` pixels × channels, of a kernel or of a flattened image. */
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
  /**
   * Equal consecutive parts of the columns, each with its own input channels, as in a grouped convolution.
   *
   * @default 1
   */
  readonly groups?: number
}

/** A weight and its values. */
export interface WeightMatrix extends WeightShape {
  /** rows × columns, row-major. */
  readonly values: Float32Array
}
