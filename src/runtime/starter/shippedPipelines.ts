import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ownRoot } from '../host/ownPlace.js'

/** A pipeline file that comes with this package. */
export interface ShippedPipeline {
  /** What `pwoa-run NAME` takes. */
  readonly name: string
  /** Its path, absolute. */
  readonly file: string
  /** The first sentence of the comment above its default export. */
  readonly about: string
}

const folder = join(ownRoot, 'pipelines')

/** All pipeline files that come with this package, by name. */
export const shippedPipelines = async (): Promise<readonly ShippedPipeline[]> => {
  const names = await shippedNames()
  return Promise.all(
    names.map(async (name) => {
      const file = fileOf(name)
      return { name, file, about: aboutOf(await readFile(file, 'utf8')) }
    }),
  )
}

/** Their names alone. */
export const shippedNames = async (): Promise<readonly string[]> => {
  const files = await readdir(folder)
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

/** The path of a pipeline file that comes with this package; undefined if no pipeline has that name. */
export const shippedFile = async (name: string): Promise<string | undefined> =>
  (await shippedNames()).includes(name) ? fileOf(name) : undefined

/**
 * The pipeline file that a word on the command line means: the file of that path, or else one that comes with this
 * package. A word that is neither is returned unchanged.
 */
export const pipelineFileOf = async (word: string): Promise<string> =>
  (await isFile(word)) ? word : ((await shippedFile(word)) ?? word)

const fileOf = (name: string): string => join(folder, `${name}.ts`)

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  )

/** The first sentence of the last comment before the default export, on one line and without Markdown's quotes. */
const aboutOf = (source: string): string => {
  const before = source.slice(0, Math.max(0, source.search(/^export default/m)))
  const comment = [...before.matchAll(/\/\*\*(.*?)\*\//gs)].at(-1)?.[1] ?? ''
  const text = comment
    .replace(/\s*\n\s*\*\s?/g, ' ')
    .replaceAll('`', '')
    .trim()
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text
}
