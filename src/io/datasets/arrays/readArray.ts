import { resolve } from 'node:path'
import { valueOfTask } from '../../../dsl/errors.js'
import { ReadBudget } from '../../files/readBudget.js'
import { readWhole } from '../../files/readWhole.js'
import { placing, quoted, refuse } from '../../files/refusal.js'
import { openZipArchive } from '../../files/zipArchive.js'
import { type NpyArray, readNpy } from './npy.js'

/** Node reads at most so many bytes at once. */
const MOST_BYTES = 2 ** 31 - 1

/** Where an array is: a `.npy` file, or an entry of a `.npz` file. */
export interface ArrayPlace {
  readonly file: string
  /** The name of the array in a `.npz` file. */
  readonly entry: string | undefined
}

/** The place that a text means: `x.npy`, or `data.npz/x`. @param folder what a relative path starts at */
export const arrayPlace = (folder: string, text: string): ArrayPlace => {
  const [, archive, entry] = /^(.*\.npz)(?:\/([^/]+))?$/.exec(text) ?? []
  return { file: resolve(folder, archive ?? text), entry: archive === undefined ? undefined : (entry ?? '') }
}

/**
 * Reads an array.
 *
 * @param times how many times the usual budget it may cost
 * @throws PwoaFailure with a FileError for a file that is missing, damaged, over the budget, or of another kind
 */
export const readArray = async (stage: string, { file, entry }: ArrayPlace, times: number): Promise<NpyArray> => {
  const bytes = await valueOfTask(readWhole({ stage, file }, MOST_BYTES))
  const budget = new ReadBudget(bytes.length, { times, option: 'readBudget' })
  return placing({ stage, file }, async () =>
    readNpy(entry === undefined ? bytes : await entryOf(bytes, entry, budget), budget),
  )
}

/** The bytes of an array in a `.npz` file. @throws Refusal for a damaged file, and one without that array */
export const entryOf = async (bytes: Uint8Array, name: string, budget: ReadBudget): Promise<Uint8Array> => {
  const { entries, take } = await openZipArchive(bytes, budget)
  const entry = entries.get(`${name}.npy`)
  if (entry) return take(entry)
  const names = [...entries.keys()].map((one) => one.replace(/\.npy$/, ''))
  const missing = name === '' ? 'a path without one' : `${quoted(name)}, which is not there`
  return refuse(`the name of an array after the path: FILE.npz/NAME, one of ${quoted(names.join(', '))}`, missing)
}
