import { join } from 'node:path'
import { cacheFolder } from '../../../scripts/engineCache.mjs'
import { given } from '../../dsl/kit/given.js'
import { exists, firstOf } from '../files/readWhole.js'
import { CIFAR_10, CIFAR_100, type CifarVersion } from './cifar/cifarFiles.js'
import { findCifar } from './cifar/cifarFolder.js'
import { findMnist } from './mnist/mnistFolder.js'

/** What a folder has of a data set. */
export interface DataPresence {
  readonly name: string
  /** The folder or archive; undefined if nothing of the data set is there. */
  readonly place: string | undefined
  /** Names of the files that are missing. */
  readonly missing: readonly string[]
  /** Path of another version, which is not read; undefined if no other version is there. */
  readonly instead?: string
}

/** What `mnist()`, `cifar10()`, `cifar100()` and `imageFolder()` would find in a folder. Reads no data. */
export const dataIn = async (folder: string): Promise<readonly DataPresence[]> => [
  await mnistIn(folder),
  await cifarIn(folder, CIFAR_10),
  await cifarIn(folder, CIFAR_100),
  await classFoldersIn(folder),
]

/** The same for the cache folder, which holds downloads. */
export const dataInCache = async (): Promise<readonly DataPresence[]> => [
  await mnistIn(join(cacheFolder(), 'mnist')),
  await cifarIn(join(cacheFolder(), 'cifar'), CIFAR_10),
  await cifarIn(join(cacheFolder(), 'cifar'), CIFAR_100),
]

const mnistIn = async (root: string): Promise<DataPresence> => {
  const { folder, found, missing } = await findMnist(root)
  return { name: 'MNIST', place: found === 0 ? undefined : folder, missing }
}

const cifarIn = async (root: string, version: CifarVersion): Promise<DataPresence> => {
  const { name } = version
  const place = await findCifar(root, version)
  if (place === undefined) {
    const instead = await firstOf(root, version.inPython)
    return { name, place: undefined, missing: [], ...given({ instead }) }
  }
  return { name, place: place.path, missing: place.kind === 'archive' ? [] : await missingOf(place.path, version) }
}

const missingOf = async (folder: string, { train, test }: CifarVersion): Promise<readonly string[]> => {
  const files = [...train, ...test].map(async ({ name }) => ({ name, there: await exists(join(folder, name)) }))
  return (await Promise.all(files)).flatMap(({ name, there }) => (there ? [] : [name]))
}

const classFoldersIn = async (folder: string): Promise<DataPresence> => {
  const missing: string[] = []
  for (const parts of [['train'], ['test', 'val']]) if (!(await firstOf(folder, parts))) missing.push(parts[0] ?? '')
  return { name: 'class folders of images', place: missing.length === 2 ? undefined : folder, missing }
}
