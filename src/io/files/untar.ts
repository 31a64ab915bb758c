import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { refuse } from './refusal.js'

/**
 * Reads some files of a .tar.gz archive into memory, by their base names, in whichever folder of the archive they are.
 *
 * @param archive the whole archive
 * @param names base names of the files
 * @param mostBytes the most bytes that one file may have
 * @returns contents by base name; names that the archive does not have are absent
 * @throws Refusal for a file that is too large; Error for an archive that is damaged or cut off
 */
export const untar = async (
  archive: Uint8Array,
  names: ReadonlySet<string>,
  mostBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> => {
  const found = new Map<string, Uint8Array>()
  const extract = tar.extract()
  const reading = (async () => {
    for await (const entry of extract) {
      const name = entry.header.name.split('/').at(-1) ?? ''
      if (!names.has(name) || entry.header.type !== 'file') {
        entry.resume()
        continue
      }
      if ((entry.header.size ?? 0) > mostBytes) refuse(`at most ${mostBytes} bytes of ${name}`, `${entry.header.size}`)
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      found.set(name, Buffer.concat(chunks))
    }
  })()
  await Promise.all([pipeline(Readable.from([archive]), createGunzip(), extract), reading])
  return found
}
