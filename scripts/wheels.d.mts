/** A Python wheel with a known hash. */
export interface Wheel {
  readonly name: string
  readonly version: string
  readonly sha256: string
  /** Platform tags that pip accepts for it. */
  readonly platforms: readonly string[]
}

/** The name of a Python 3 that runs. */
export declare const findPython: () => Promise<string>

/** Downloads a wheel unless it is there with the right hash; returns its path. */
export declare const downloadWheel: (folder: string, python: string, wheel: Wheel) => Promise<string>
