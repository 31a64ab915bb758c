/**
 * The operations of object storage that runs need. Keys are relative to one prefix. Objects are written whole or not at
 * all. Each function retries while the store can't be reached, then throws a `PwoaFailure`; a refusal is thrown at once.
 */
export interface Objects {
  /** The place, for messages: `s3://bucket/prefix`. */
  readonly shown: string
  /** The object's bytes; undefined if there is no such object. */
  readonly read: (key: string) => Promise<Uint8Array | undefined>
  /** Writes an object. @param sha256 of the bytes, in hexadecimal digits; the store checks it */
  readonly write: (key: string, bytes: Uint8Array, sha256: string) => Promise<void>
  /**
   * Writes an object unless there is one already; then returns false. If a response was lost and the write retried, the
   * object that is there may be this call's own.
   */
  readonly writeOnce: (key: string, bytes: Uint8Array) => Promise<boolean>
  /** All keys with the prefix, in the order of their bytes. */
  readonly list: (prefix: string) => Promise<readonly string[]>
  /** Removes objects; keys without an object are ignored. */
  readonly remove: (keys: readonly string[]) => Promise<void>
}
