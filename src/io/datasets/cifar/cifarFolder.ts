import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { valueOfTask } from '../../../dsl/errors.js'
import { md5Of } from '../../files/hash.js'
import { firstOf, readWhole } from '../../files/readWhole.js'
import { refusalAt, refuse } from '../../files/refusal.js'
import { codeOf } from '../../files/thrown.js'
import { untar } from '../../files/untar.js'
import { writeWhole } from '../../files/writeWhole.js'
import { fetchPublished } from '../common/fetchPublished.js'
import { packedOnce } from '../common/packedCache.js'
import type { PackedDataset } from '../common/packedDataset.js'
import { factsOf, type SourceFile } from '../common/sourceFile.js'
import { CIFAR_MIRRORS, type CifarFile, type CifarVersion } from './cifarFiles.js'
import { readRecords, recordShape } from './cifarRecords.js'

const MOST_BYTES = 2 ** 28

/** Where the data of a version is: its files, or their archive. */
export interface CifarPlace {
  readonly kind: 'files' | 'archive'
  /** The folder, or the archive. */
  readonly path: string
}

/** Folders to look in, below the folder that the user names. */
const subfolders = ({ folder }: CifarVersion): readonly string[] =>
  ['', folder, 'cifar10', 'cifar100', 'cifar'].flatMap((name) => [name, join(name, folder)])

/** The files of a version in a folder or just below it, else its archive; undefined if there is neither. */
export const findCifar = async (root: string, version: CifarVersion): Promise<CifarPlace | undefined> => {
  const folders = [...new Set(subfolders(version))].map((name) => join(root, name))
  const names = [...version.train, ...version.test].map(({ name }) => name)
  for (const folder of folders) if ((await firstOf(folder, names)) !== undefined) return { kind: 'files', path: folder }
  for (const folder of folders) {
    const path = await firstOf(folder, [version.archive.name])
    if (path !== undefined) return { kind: 'archive', path }
  }
  return undefined
}

const wholeOf = (stage: string, file: string): Promise<Uint8Array> =>
  valueOfTask(readWhole({ stage, file }, MOST_BYTES))

const presentFile = (stage: string, path: string): Promise<SourceFile> =>
  factsOf(path).catch((thrown: unknown) => {
    throw refusalAt(
      { stage, file: path },
      'a readable file',
      codeOf(thrown) === '' ? 'no regular file' : 'no such file',
    )
  })

type Contents = ReadonlyMap<string, Uint8Array>

const contentsOf = async (stage: string, { kind, path }: CifarPlace, version: CifarVersion): Promise<Contents> => {
  const names = [...version.train, ...version.test].map(({ name }) => name)
  if (kind === 'files') {
    const parts = await Promise.all(names.map(async (name) => [name, await wholeOf(stage, join(path, name))] as const))
    return new Map(parts)
  }
  const found = await untar(await wholeOf(stage, path), new Set(names), MOST_BYTES)
  const missing = names.find((name) => !found.has(name))
  return missing === undefined ? found : refuse(`${missing} in the archive`, 'no file of that name')
}

/**
 * Reads the data that `findCifar` found, from the cache folder if it was read before.
 *
 * @throws PwoaFailure or Refusal for files that are missing, damaged or of another format
 */
export const readCifar = async (stage: string, place: CifarPlace, version: CifarVersion): Promise<PackedDataset> => {
  const files = [...version.train, ...version.test]
  const paths = place.kind === 'files' ? files.map(({ name }) => join(place.path, name)) : [place.path]
  const facts = await Promise.all(paths.map((path) => presentFile(stage, path)))
  return packedOnce(stage, [version.name], facts, async () => {
    const contents = await contentsOf(stage, place, version)
    const part = (file: CifarFile) => ({ ...file, bytes: contents.get(file.name) ?? new Uint8Array(0) })
    return {
      shape: recordShape,
      classes: version.classes,
      skipped: 0,
      published: files.map(part).every(({ md5, bytes }) => md5Of(bytes) === md5),
      train: readRecords(version.train.map(part), version),
      test: readRecords(version.test.map(part), version),
    }
  })
}

/**
 * The data in the cache folder. If the folder has no data, the archive is downloaded and its checksum is compared.
 *
 * @throws PwoaFailure if the download fails, with a hint where to put the archive; or if the download was interrupted
 */
export const fetchCifar = async (stage: string, version: CifarVersion, signal: AbortSignal): Promise<CifarPlace> => {
  const folder = join(cacheFolder(), 'cifar')
  const known = await findCifar(folder, version)
  if (known) return known
  const { name, md5 } = version.archive
  const hint = `Put ${name} into ${folder}, or name the folder that has it by the option dataDir.`
  const bytes = await fetchPublished(
    {
      name,
      urls: CIFAR_MIRRORS.map((mirror) => `${mirror}${name}`),
      mostBytes: MOST_BYTES,
      verify: (sent, url) => {
        const found = md5Of(sent)
        if (found !== md5) refuse(`md5 ${md5} of ${url}`, found)
      },
    },
    {
      stage,
      folder,
      signal,
      missing: (actual) => refusalAt({ stage, file: folder }, name, actual, hint),
    },
  )
  const path = join(folder, name)
  await valueOfTask(writeWhole(path, bytes, stage))
  return { kind: 'archive', path }
}
