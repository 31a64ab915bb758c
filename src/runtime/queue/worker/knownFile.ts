import { realpath } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { describeError, toPwoaError } from '../../../dsl/errors.js'
import { bundleFile } from '../../file/bundleFile.js'
import { sourceHash } from '../../file/sourceHash.js'
import { type Denied, denied } from '../queueJob.js'

/** A pipeline file that a worker may run. */
export interface KnownFile {
  /** Absolute, without links. */
  readonly path: string
  /** Hash of its code. */
  readonly version: string
}

/** The files that a worker may run. */
export interface AllowedFiles {
  /** The folder of pipeline files. */
  readonly pipelines: string
  /** Files in folders of that folder which its owner allows, relative to it. */
  readonly allow: readonly string[]
}

/**
 * The file that a sweep names. It must be directly in the folder of pipelines, use this package and have a default export;
 * or be one that the worker's owner allows. Links are resolved first. Nothing is imported: the file is only parsed.
 *
 * @returns a denial for any other file
 */
export const knownFile = async (
  { pipelines, allow }: AllowedFiles,
  file: string,
): Promise<Either<Denied, KnownFile>> => {
  const real = (path: string): Promise<string> => realpath(path).catch(() => '')
  const [folder, path, ...allowed] = await Promise.all(
    [pipelines, join(pipelines, file), ...allow.map((one) => resolve(pipelines, one))].map(real),
  )
  if (!folder || !path) return E.left(denied(`a file in ${pipelines}`, `${file}, which is not there`))
  if (!path.startsWith(`${folder}${sep}`)) return E.left(denied(`a file in ${pipelines}`, `${file}, which is outside`))
  const isListed = allowed.includes(path)
  if (!isListed && dirname(path) !== folder)
    return E.left(denied(`a file directly in ${pipelines}, or one that --allow names`, file))
  try {
    const { code, exports, usesPwoa } = await bundleFile(path, join(folder, 'pipeline.mjs'))
    if (!isListed && !(usesPwoa && exports.includes('default')))
      return E.left(denied('a file that exports a pipeline, or one that --allow names', `${file}, which exports none`))
    return E.right({ path, version: await sourceHash(code) })
  } catch (thrown) {
    return E.left(denied('a file that compiles', describeError(toPwoaError(file, thrown))))
  }
}
