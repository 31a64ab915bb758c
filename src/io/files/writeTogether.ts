import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type PwoaError, PwoaFailure, valueOfTask } from '../../dsl/errors.js'
import { toWriteError, writeWhole } from './writeWhole.js'

/**
 * Writes several new files into a folder: all of them, or none. Creates the folder if it is missing.
 *
 * @param files contents by the name of the file, which may be in a new folder, such as `images/1.png`
 * @returns nothing, or an OptionError if one of the files or of these folders exists, or a WriteError if one can't be written; in that case
 * the files that were written and the folders that were created are removed again
 */
export const writeTogether = (
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  stage: string,
): TE.TaskEither<PwoaError, void> =>
  TE.tryCatch(
    async () => {
      await refusePresent(folder, topNames([...files.keys()]), stage)
      const created = await mkdir(folder, { recursive: true })
      const written: string[] = []
      for (const [name, contents] of files) {
        const path = join(folder, name)
        await valueOfTask(writeWhole(path, contents, stage)).catch(async (thrown: unknown) => {
          for (const made of [...written, ...(created === undefined ? [] : [created])])
            await rm(made, { recursive: true, force: true })
          throw thrown
        })
        written.push(...topNames([name]).map((top) => join(folder, top)))
      }
    },
    (thrown): PwoaError => (thrown instanceof PwoaFailure ? thrown.error : toWriteError(folder, stage, thrown)),
  )

/** The files and folders that paths begin with, each once. */
export const topNames = (names: readonly string[]): readonly string[] => [
  ...new Set(names.map((name) => name.split('/')[0] ?? name)),
]

const refusePresent = async (folder: string, names: readonly string[], stage: string): Promise<void> => {
  const looked = await Promise.all(names.map(async (name) => ((await isThere(join(folder, name))) ? [name] : [])))
  const present = looked.flat().join(', ')
  if (present === '') return
  const expected = `a folder without ${names.join(', ')}`
  throw new PwoaFailure({ _tag: 'OptionError', stage, expected, actual: `${folder}, which has ${present}` })
}

/** Whether the path exists, also as a link to a missing file. */
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
