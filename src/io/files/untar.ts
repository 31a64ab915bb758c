import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { refuseKind } from './kindOfFile.js'
import { Refusal, refuse } from './refusal.js'
import { messageOf } from './thrown.js'

/** Passes bytes on as long as they are not too many in all. */
const atMost = (mostBytes: number): Transform => {
  let total = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length
      if (total <= mostBytes) done(null, chunk)
      else done(new Refusal(`an archive of at most ${mostBytes} bytes unpacked`, 'more'))
    },
  })
}

/**
 * Reads some files of a .tar.gz archive into memory, by their base names, in whichever folder of the archive they are.
 *
 * @param archive the whole archive
 * @param names base names of the files
 * @param mostBytes the most bytes that the archive may have unpacked
 * @returns contents by base name; names that the archive does not have are absent
 * @throws Refusal for another kind of file, and for an archive that is damaged, cut off, too large, or has a file twice
 */
export const untar = async (
  archive: Uint8Array,
  names: ReadonlySet<string>,
  mostBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> => {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) refuseKind('a .tar.gz archive', archive, 'another kind of file')
  const found = new Map<string, Uint8Array>()
  const extract = tar.extract()
  const reading = (async () => {
    for await (const entry of extract) {
      const name = entry.header.name.split('/').at(-1) ?? ''
      if (!names.has(name) || entry.header.type !== 'file') {
        entry.resume()
        continue
      }
      if (found.has(name)) refuse(`${name} once in the archive`, 'two files of that name')
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      found.set(name, Buffer.concat(chunks))
    }
  })()
  const unpacking = pipeline(Readable.from([archive]), createGunzip(), atMost(mostBytes), extract)
  const failures = (await Promise.allSettled([unpacking, reading])).flatMap((end) =>
    end.status === 'rejected' ? [end.reason] : [],
  )
  // A refusal also ends the other side, with an error that says less.
  const refusal = failures.find((failure) => failure instanceof Refusal)
  if (refusal !== undefined) throw refusal
  const [failure] = failures
  if (failure === undefined) return found
  return refuse(
    'a whole .tar.gz archive',
    `an archive that fails with "${messageOf(failure)}"`,
    'The download may be incomplete: remove the archive, and download it again.',
  )
}
