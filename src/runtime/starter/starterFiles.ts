import { readFile } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { ownNeeds, ownRoot, ownVersion } from '../host/ownPackage.js'

/** The files of a starter project by their names, in the order in which they are written. */
export type StarterFiles = ReadonlyMap<string, Uint8Array | string>

/** The paths of the starter's files in this package. Its package.json is generated, for versions and name. */
const originals = {
  'tsconfig.json': 'assets/starter/tsconfig.json',
  'pipeline.ts': 'assets/starter/pipeline.ts',
  'teacher-digits.safetensors': 'assets/teacher-digits.safetensors',
} as const

/** The starter project for a folder: package.json, tsconfig.json, a pipeline file, and the network that it prunes. */
export const starterFiles = async (folder: string): Promise<StarterFiles> => {
  const read = Object.entries(originals).map(
    async ([name, path]) => [name, await readFile(join(ownRoot, path))] as const,
  )
  return new Map<string, Uint8Array | string>([['package.json', packageFile(folder)], ...(await Promise.all(read))])
}

const packageFile = (folder: string): string => {
  const { node, tools } = ownNeeds()
  const versionOf = (tool: string): string => tools[tool] ?? '*'
  const contents = {
    name: packageName(basename(resolve(folder))),
    private: true,
    type: 'module',
    engines: { node },
    scripts: { start: 'pwoa-run pipeline.ts', types: 'tsc' },
    dependencies: { pwoa: ownSource(folder) },
    devDependencies: { '@types/node': versionOf('@types/node'), typescript: versionOf('typescript') },
  }
  return `${JSON.stringify(contents, null, 2)}\n`
}

/** How the starter depends on this package: by version if it was installed, by path if it is a checkout. */
const ownSource = (folder: string): string =>
  ownRoot.split(sep).includes('node_modules')
    ? `^${ownVersion()}`
    : `file:${relative(resolve(folder), ownRoot).split(sep).join('/')}`

/** A name that npm accepts: lower case, at most 214 characters, only letters, digits, `-`, `_` and `.`. */
export const packageName = (folder: string): string =>
  folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, 214) || 'pruning'
