import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import type { DataContext } from '../../../dsl/dataset.js'
import { type FileError, PwoaFailure, valueOfTask } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import { md5Of } from '../../files/hash.js'
import { exists, firstOf } from '../../files/readWhole.js'
import { refuse } from '../../files/refusal.js'
import { writeWhole } from '../../files/writeWhole.js'
import { fetchPublished } from '../common/fetchPublished.js'
import { MNIST_FILES, MNIST_MIRRORS, type MnistFile, spellingsOf } from './mnistFiles.js'

const STAGE = 'mnist'

/** Height and width of the images, in pixels. */
export const MNIST_SIDE = 28
const MOST_PACKED_BYTES = 32 * 2 ** 20
const MOST_BYTES = 64 * 2 ** 20

/** The path of each of the four files. */
export type MnistPaths = Readonly<Record<keyof typeof MNIST_FILES, string>>

const findFile = (folder: string, file: MnistFile): Promise<string | undefined> => firstOf(folder, spellingsOf(file))

const NAMES = Object.values(MNIST_FILES).map(({ name }) => name)

const missing = (folder: string, actual: string, cause?: unknown): FileError => ({
  _tag: 'FileError',
  stage: STAGE,
  file: folder,
  expected: `the four files ${NAMES.join(', ')}, each with or without .gz`,
  actual,
  hint: `Put them into ${folder}, or name the folder that has them by the option dataDir.`,
  ...given({ cause }),
})

const locate = async (folder: string, fetchFile: (file: MnistFile) => Promise<string>): Promise<MnistPaths> => {
  const at = async (file: MnistFile): Promise<string> => (await findFile(folder, file)) ?? (await fetchFile(file))
  return {
    trainImages: await at(MNIST_FILES.trainImages),
    trainLabels: await at(MNIST_FILES.trainLabels),
    testImages: await at(MNIST_FILES.testImages),
    testLabels: await at(MNIST_FILES.testLabels),
  }
}

/** Compares the checksum of the unpacked contents. */
const verify = (packed: Uint8Array, url: string, expected: string): void => {
  const md5 = md5Of(gunzipSync(packed, { maxOutputLength: MOST_BYTES }))
  if (md5 !== expected) refuse(`md5 ${expected} of ${url} unpacked`, md5)
}

const fetchInto =
  (folder: string, signal: AbortSignal) =>
  async ({ name, md5 }: MnistFile): Promise<string> => {
    const packed = await fetchPublished(
      {
        name,
        urls: MNIST_MIRRORS.map((mirror) => `${mirror}${name}.gz`),
        mostBytes: MOST_PACKED_BYTES,
        verify: (packed, url) => verify(packed, url, md5),
      },
      { stage: STAGE, folder, signal, missing: (actual, cause) => new PwoaFailure(missing(folder, actual, cause)) },
    )
    const path = join(folder, `${name}.gz`)
    await valueOfTask(writeWhole(path, packed, STAGE))
    return path
  }

const refuseMissing =
  (folder: string) =>
  async (file: MnistFile): Promise<string> => {
    throw new PwoaFailure(missing(folder, (await exists(folder)) ? `no ${file.name} in it` : 'no such folder'))
  }

/** Where torchvision and others put the files, below the folder that the user names. */
const SUBFOLDERS = ['', 'mnist', join('MNIST', 'raw')]

const folderWithin = async (folder: string): Promise<string> => {
  for (const subfolder of SUBFOLDERS) {
    const candidate = join(folder, subfolder)
    for (const file of Object.values(MNIST_FILES)) {
      if ((await findFile(candidate, file)) !== undefined) return candidate
    }
  }
  return folder
}

/** The folder of the files in `dataDir` or below it, how many of the four are there, and the names of the others. */
export const findMnist = async (
  dataDir: string,
): Promise<{ readonly folder: string; readonly found: number; readonly missing: readonly string[] }> => {
  const folder = await folderWithin(dataDir)
  const looked = Object.values(MNIST_FILES).map(async (file) => ((await findFile(folder, file)) ? [] : [file.name]))
  const missing = (await Promise.all(looked)).flat()
  return { folder, found: looked.length - missing.length, missing }
}

/**
 * Finds the four files: in `dataDir` (also in its `mnist` or `MNIST/raw`) if one is given, else in the cache folder
 * (`PWOA_CACHE`, else the platform's), into which missing ones are downloaded.
 *
 * @throws PwoaFailure with a FileError that lists the four names and the folder to put them in, a WriteError for a full
 * or read-only cache, or an InterruptedError if the download was aborted
 */
export const mnistFolder = async (
  dataDir: string | undefined,
  { signal }: Pick<DataContext, 'signal'>,
): Promise<MnistPaths> => {
  if (dataDir === undefined) {
    const folder = join(cacheFolder(), 'mnist')
    return locate(folder, fetchInto(folder, signal))
  }
  return presentMnist(await folderWithin(dataDir))
}

/** The four files in a folder. @throws PwoaFailure with a FileError if one is missing */
export const presentMnist = (folder: string): Promise<MnistPaths> => locate(folder, refuseMissing(folder))
