import { stat } from 'node:fs/promises'

/** What is known of a file without reading it. If it changes, so does its size or its date. */
export interface SourceFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

/**
 * Size and date of a file, named by its path.
 *
 * @throws the system's error if there is no such file; Error for a folder, a device or a pipe, which a reader might never
 * read to its end
 */
export const factsOf = async (path: string): Promise<SourceFile> => {
  const facts = await stat(path)
  if (!facts.isFile()) throw new Error(`${path} is not a regular file`)
  return { name: path, size: facts.size, modified: facts.mtimeMs }
}
