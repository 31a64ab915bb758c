import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PwoaFailure, rejectOption, valueOfTask } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { nearOf } from '../../dsl/kit/nearest.js'
import { writeTogether } from '../../io/files/writeTogether.js'
import { shippedFile, shippedNames } from './shippedPipelines.js'

const STAGE = 'copy'

/**
 * Copies a pipeline file that comes with this package into a folder, new or not, with all that it needs beside it: the
 * pipeline files that it imports, and its assets. Returns the names of the files. One that is there with the same content
 * stays as it is.
 *
 * @throws UsageError for an unknown name; OptionError if the folder has other files of these names, WriteError if one
 * can't be written: in both cases nothing is left
 */
export const copyPipeline = async (name: string, folder: string): Promise<readonly string[]> => {
  const original = await shippedFile(name)
  if (original === undefined) throw unknownName(name, await shippedNames())
  const files = await withNeeds(original)
  const [first = ''] = files.keys()
  if (existsSync(join(folder, first))) rejectOption(STAGE, `a folder without ${first}`, `${folder}, which has it`)
  const missing = new Map<string, Uint8Array>()
  for (const [file, content] of files) if (!(await hasSame(join(folder, file), content))) missing.set(file, content)
  await valueOfTask(writeTogether(folder, missing, STAGE))
  return [...missing.keys()]
}

const unknownName = (name: string, names: readonly string[]): PwoaFailure => {
  const near = nearOf(name, names)
  return new PwoaFailure({
    _tag: 'UsageError',
    stage: STAGE,
    expected: `one of ${names.join(', ')}`,
    actual: JSON.stringify(name),
    ...given({ hint: near && `Did you mean ${near}?` }),
  })
}

/** An asset as pipeline files name it. A copy has it in its own folder. */
const asset = /new URL\('(\.\.\/assets\/[\w.-]+)', import\.meta\.url\)/g

const relativeImport = /from '(\.\/[\w.-]+)\.js'/g

/** The copies of a pipeline file and of what it needs, by their names. The file itself is the first. */
const withNeeds = async (original: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const source = await readFile(original, 'utf8')
  const beside = (path: string): string => join(dirname(original), path)
  const copies = new Map<string, Uint8Array>([[basename(original), new TextEncoder().encode(moved(source))]])
  for (const [, path = ''] of source.matchAll(asset)) copies.set(basename(path), await readFile(beside(path)))
  for (const [, path = ''] of source.matchAll(relativeImport))
    for (const [name, content] of await withNeeds(beside(`${path}.ts`))) copies.set(name, content)
  return copies
}

const moved = (source: string): string =>
  source.replaceAll(asset, (_, path: string) => `new URL('${basename(path)}', import.meta.url)`)

const hasSame = async (file: string, content: Uint8Array): Promise<boolean> =>
  existsSync(file) && Buffer.compare(await readFile(file), content) === 0
