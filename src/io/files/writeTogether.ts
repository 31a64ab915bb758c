import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type PwoaError, PwoaFailure } from '../../dsl/errors.js'
import { toWriteError, writeWhole } from './writeWhole.js'

/**
 * Writes several new files into a folder, which is made where it is not there: all of them, or none.
 *
 * Errors: an `OptionError` where one of them is there already; a `WriteError` where one can't be written, and then
 * those before it, and the folders that were made, are gone again.
 *
 * @param files contents by the name of the file
 */
export const writeTogether = (
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  stage: string,
): TE.TaskEither<PwoaError, void> =>
  TE.tryCatch(
    async () => {
      await refusePresent(folder, [...files.keys()], stage)
      const made = await mkdir(folder, { recursive: true })
      const written: string[] = []
      for (const [name, contents] of files) {
        const result = await writeWhole(join(folder, name), contents, stage)()
        if (isLeft(result)) {
          for (const path of [...written, ...(made === undefined ? [] : [made])]) await rm(path, { recursive: true })
          throw new PwoaFailure(result.left)
        }
        written.push(join(folder, name))
      }
    },
    (thrown): PwoaError => (thrown instanceof PwoaFailure ? thrown.error : toWriteError(folder, stage, thrown)),
  )

const refusePresent = async (folder: string, names: readonly string[], stage: string): Promise<void> => {
  const looked = await Promise.all(names.map(async (name) => ((await isThere(join(folder, name))) ? [name] : [])))
  const present = looked.flat().join(', ')
  if (present === '') return
  const expected = `a folder without ${names.join(', ')}`
  throw new PwoaFailure({ _tag: 'OptionError', stage, expected, actual: `${folder}, which has ${present}` })
}

/** Also where it is a link to nothing. */
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
