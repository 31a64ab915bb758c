import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { valueOfTask } from '../../../dsl/errors.js'
import { md5Of } from '../../files/hash.js'
import { firstOf, readWhole } from '../../files/readWhole.js'
import { refusalAt, refuse } from '../../files/refusal.js'
import { untar } from '../../files/untar.js'
import { writeWhole } from '../../files/writeWhole.js'
import { fetchPublished } from '../common/fetchPublished.js'
import { packedOnce, type SourceFile } from '../common/packedCache.js'
import type { PackedDataset } from '../common/packedDataset.js'
import { CIFAR_MIRRORS, type CifarFile, type CifarVersion } from './cifarFiles.js'
import { readRecords, recordShape } from './cifarRecords.js'

const MOST_BYTES = 2 ** 28

/** Where the data of a version lies: its files, or the archive that has them. */
export interface CifarPlace {
  readonly kind: 'files' | 'archive'
  /** The folder, or the archive. */
  readonly path: string
}

/** Below what a user may think of as the data folder. */
const subfolders = ({ folder }: CifarVersion): readonly string[] =>
  ['', folder, 'cifar10', 'cifar100', 'cifar'].flatMap((name) => [name, join(name, folder)])

/** The files of a version in a folder or near below it, else its archive; undefined where there is neither. */
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

const factsOf = async (stage: string, path: string): Promise<SourceFile> => {
  const { size, mtimeMs } = await stat(path).catch(() => {
    throw refusalAt({ stage, file: path }, 'a readable file', 'no such file')
  })
  return { name: path, size, modified: mtimeMs }
}

type Contents = ReadonlyMap<string, Uint8Array>

const contentsOf = async (stage: string, { kind, path }: CifarPlace, version: CifarVersion): Promise<Contents> => {
  const names = [...version.train, ...version.test].map(({ name }) => name)
  if (kind === 'files') {
    const parts = await Promise.all(names.map(async (name) => [name, await wholeOf(stage, join(path, name))] as const))
    return new Map(parts)
  }
  const archive = await wholeOf(stage, path)
  const found = await untar(archive, new Set(names), MOST_BYTES).catch((thrown: unknown) =>
    refuse(
      'a whole .tar.gz archive',
      thrown instanceof Error ? `one that fails with "${thrown.message}"` : String(thrown),
      'It may be half downloaded: remove it, and fetch it again.',
    ),
  )
  const missing = names.find((name) => !found.has(name))
  return missing === undefined ? found : refuse(`${missing} in the archive`, 'none of that name')
}

/** See `cifar10`: reads what was found, once; refuses by exception. */
export const readCifar = async (stage: string, place: CifarPlace, version: CifarVersion): Promise<PackedDataset> => {
  const files = [...version.train, ...version.test]
  const paths = place.kind === 'files' ? files.map(({ name }) => join(place.path, name)) : [place.path]
  const facts = await Promise.all(paths.map((path) => factsOf(stage, path)))
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
 * The archive in the cache folder; where it is not there it is downloaded and checked.
 *
 * @throws PwoaFailure where it can't be had: it says where to put it
 */
export const fetchCifar = async (stage: string, version: CifarVersion, signal: AbortSignal): Promise<CifarPlace> => {
  const folder = join(cacheFolder(), 'cifar')
  const known = await findCifar(folder, version)
  if (known) return known
  const { name, md5 } = version.archive
  const hint = `Put ${name} into ${folder}, or name the folder that has it with --data-dir.`
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
