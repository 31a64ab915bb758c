/**
 * Object storage, as far as runs need it. Keys are below one prefix. An object is there whole or not at all. Each function
 * waits for a store that is away, then throws a `PwoaFailure`; what is refused is thrown at once.
 */
export interface Objects {
  /** For people: `s3://bucket/prefix`. */
  readonly shown: string
  /** Undefined where there is no such object. */
  readonly read: (key: string) => Promise<Uint8Array | undefined>
  /** @param sha256 of the bytes, which go along with it; in hexadecimal digits */
  readonly write: (key: string, bytes: Uint8Array, sha256: string) => Promise<void>
  /**
   * Writes an object that nobody has written; false where it is there. Where an answer was lost on its way it may be there
   * as this very call wrote it.
   */
  readonly writeOnce: (key: string, bytes: Uint8Array) => Promise<boolean>
  /** All keys that begin so, in the order of their bytes. */
  readonly list: (prefix: string) => Promise<readonly string[]>
  /** What is not there is no error. */
  readonly remove: (keys: readonly string[]) => Promise<void>
}
