import { ftruncateSync, writeSync } from 'node:fs'

/**
 * Writes bytes at the end of an open file, all of them or none: a full disk may take a part, and the part must not stay
 * as half a line.
 *
 * @param end the file's length
 * @param settle called after the write; if it throws, the bytes are removed as well
 */
export const appendOrUndo = (
  descriptor: number,
  bytes: Uint8Array,
  end: number,
  settle: (descriptor: number) => void = () => undefined,
): void => {
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(descriptor, bytes, done, bytes.length - done, end + done)
    settle(descriptor)
  } catch (thrown) {
    ftruncateSync(descriptor, end)
    throw thrown
  }
}
