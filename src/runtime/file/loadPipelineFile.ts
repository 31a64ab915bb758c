import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { errorOf, type PwoaError, PwoaFailure, type UsageError } from '../../dsl/errors.js'
import { toWriteError } from '../../io/files/writeWhole.js'
import { rememberVersion } from '../folder/plan.js'
import { shortPath } from '../host/shortPath.js'
import { placeInUserFile, rememberMap, withSourcePosition } from '../host/sourcePositions.js'
import { bundleFile } from './bundleFile.js'
import type { PipelineDefinition, Runnable } from './definePipeline.js'
import { sourceHash } from './sourceHash.js'

/** What a pipeline file may export. */
export type PipelineFile = Runnable | PipelineDefinition

/**
 * Loads the default export of a pipeline file, TypeScript or JavaScript, from any folder. Types are not checked.
 *
 * @returns a `UsageError` if the file is missing, does not compile, throws, or has another kind of default export; the
 * error of a stage that refuses its options is returned unchanged
 */
export const loadPipelineFile = async (path: string): Promise<Either<PwoaError, PipelineFile>> => {
  const file = resolve(path)
  try {
    await checkFile(file)
    const { module, version } = await importBundled(file)
    const found = exported(file, module)
    rememberVersion(found, version)
    return E.right(found)
  } catch (thrown) {
    return E.left(explained(file, thrown))
  }
}

const usage = (file: string, expected: string, actual: string, more: Partial<UsageError> = {}): PwoaFailure =>
  new PwoaFailure({ _tag: 'UsageError', stage: shortPath(file), expected, actual, ...more })

const checkFile = async (file: string): Promise<void> => {
  const facts = await stat(file).catch((cause: unknown) => {
    throw usage(file, 'a pipeline file', 'no such file', { cause })
  })
  if (!facts.isFile()) throw usage(file, 'a pipeline file', facts.isDirectory() ? 'a folder' : 'something else')
  if (!/\.[mc]?[jt]s$/.test(file)) throw usage(file, 'a file that ends in .ts, .mts, .js or .mjs', 'another ending')
}

const importBundled = async (file: string): Promise<{ readonly module: object; readonly version: string }> => {
  const folder = await temporary(file, mkdtemp(join(tmpdir(), 'pwoa-')))
  try {
    const outfile = join(folder, 'pipeline.mjs')
    const { code, map } = await bundleFile(file, outfile)
    await temporary(file, writeFile(outfile, code))
    const url = pathToFileURL(outfile).href
    rememberMap(url, outfile, map)
    return { module: (await import(url)) as object, version: await sourceHash(code) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Waits for a write into the folder of temporary files. */
const temporary = <A>(file: string, writing: Promise<A>): Promise<A> =>
  writing.catch((thrown: unknown) => {
    const hint = 'Free some space there, or name another folder for temporary files in TMPDIR.'
    throw new PwoaFailure({ ...toWriteError(tmpdir(), shortPath(file), thrown), hint })
  })

const kinds: readonly unknown[] = ['pipeline', 'comparison', 'sweep', 'definition']

const exported = (file: string, module: object): PipelineFile => {
  const accepted = 'a pipeline(…), compare(…), sweep(…) or definePipeline(…) as default export'
  if (!('default' in module)) {
    const names = Object.keys(module)
    throw usage(file, accepted, names.length === 0 ? 'no export at all' : `only ${names.join(', ')}`)
  }
  const found = module.default
  if (isPipelineFile(found)) return found
  throw usage(file, accepted, kindOf(found))
}

const isPipelineFile = (value: unknown): value is PipelineFile =>
  typeof value === 'object' && value !== null && 'kind' in value && kinds.includes(value.kind)

const kindOf = (value: unknown): string => {
  if (typeof value === 'function') return `a function${value.name ? ` (${value.name})` : ''}`
  if (typeof value !== 'object' || value === null) return `${typeof value === 'string' ? JSON.stringify(value) : value}`
  if (value instanceof Promise) return 'a promise'
  return Array.isArray(value)
    ? 'an array'
    : `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no fields'}`
}

const explained = (file: string, thrown: unknown): PwoaError => {
  if (thrown instanceof PwoaFailure) return withSourcePosition(errorOf('', thrown))
  return {
    _tag: 'UsageError',
    stage: placeInUserFile(thrown) ?? shortPath(file),
    expected: 'to load without an exception',
    actual: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
    cause: thrown,
  }
}
