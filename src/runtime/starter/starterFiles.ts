import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { ownNeeds } from '../host/ownPackage.js'
import { ownRoot } from '../host/ownPlace.js'
import { drawnShapes } from './drawnShapes.js'
import { ownSource } from './ownSource.js'
import type { TemplateName } from './templates.js'

/** The files of a starter project by their names, in the order in which they are written. */
export type StarterFiles = ReadonlyMap<string, Uint8Array | string>

/** What a starter project needs besides the files of its template. */
interface Needs {
  /** The command of `npm start`. */
  readonly start: string
  /** More commands by their names. */
  readonly scripts?: Readonly<Record<string, string>>
  /** Optional packages that it uses. */
  readonly packages?: readonly string[]
  readonly more: () => Promise<StarterFiles>
}

const run = 'pwoa-run pipeline.ts'

const teacher = async (): Promise<StarterFiles> => {
  const name = 'teacher-digits.safetensors'
  return new Map([[name, await readFile(join(ownRoot, 'assets', name))]])
}

const needs: Readonly<Record<TemplateName, Needs>> = {
  quickstart: { start: run, more: teacher },
  sweep: { start: run, packages: ['@observablehq/plot', 'linkedom'], more: teacher },
  device: { start: run, more: teacher },
  cifar: { start: run, more: async () => new Map() },
  images: {
    start: `${run} --out runs/trained`,
    scripts: { prune: 'pwoa-run prune.ts' },
    packages: ['sharp'],
    more: async () => drawnShapes('images'),
  },
}

/** The starter project of a template, for a folder. A template's own file replaces the common one of its name. */
export const starterFiles = async (folder: string, template: TemplateName): Promise<StarterFiles> =>
  new Map<string, Uint8Array | string>([
    ['package.json', packageFile(folder, needs[template])],
    ...(await filesOf('common')),
    ...(await filesOf(template)),
    ...(await needs[template].more()),
  ])

/** npm takes a `.gitignore` in a package for its own, so that file has no dot there. */
const filesOf = async (name: string): Promise<readonly (readonly [string, Uint8Array])[]> => {
  const folder = join(ownRoot, 'assets', 'starter', name)
  const files = await readdir(folder)
  return Promise.all(
    files.toSorted().map(async (file) => {
      const content = await readFile(join(folder, file))
      return [file === 'gitignore' ? '.gitignore' : file, content] as const
    }),
  )
}

const packageFile = (folder: string, { start, scripts = {}, packages = [] }: Needs): string => {
  const { node, tools, peers } = ownNeeds()
  const versionOf = (tool: string): string => tools[tool] ?? '*'
  const peersOf = Object.fromEntries(packages.map((name) => [name, peers[name] ?? '*']))
  const contents = {
    name: packageName(basename(resolve(folder))),
    private: true,
    type: 'module',
    engines: { node },
    scripts: { start, ...scripts, test: 'node --test', types: 'tsc' },
    dependencies: { pwoa: ownSource(folder), ...peersOf },
    devDependencies: { '@types/node': versionOf('@types/node'), typescript: versionOf('typescript') },
  }
  return `${JSON.stringify(contents, null, 2)}\n`
}

/** A name that npm accepts: lower case, at most 214 characters, only letters, digits, `-`, `_` and `.`. */
export const packageName = (folder: string): string =>
  folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, 214) || 'pruning'
