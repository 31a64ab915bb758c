import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, extname, isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type {
  BuildFailure,
  Loader,
  Message,
  OnLoadArgs,
  OnLoadResult,
  OnResolveArgs,
  Plugin,
  PluginBuild,
} from 'esbuild'
import { PwoaFailure, type UsageError } from '../../dsl/errors.js'
import { ownEntry, ownRoot } from '../host/ownPlace.js'
import { shortPath } from '../host/shortPath.js'

/** A bundled module. */
export interface Bundle {
  readonly code: string
  /** The JSON of its source map. */
  readonly map: string
  /** The names that the file exports. */
  readonly exports: readonly string[]
  /** Whether the file, or one that it imports, imports this package. */
  readonly usesPwoa: boolean
}

/**
 * Bundles a user's TypeScript or JavaScript file with all that it imports by relative paths. Packages are not bundled:
 * `pwoa` is this package itself, others are resolved from the importing file, then among pwoa's own dependencies.
 *
 * @param outfile where the code will be written, for the paths in its source map
 * @throws UsageError with the file, the position and the line itself, for a file that does not compile
 */
export const bundleFile = async (file: string, outfile: string): Promise<Bundle> => {
  const { build } = await import('esbuild')
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [file],
      outfile,
      write: false,
      metafile: true,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: 'both',
      conditions: [],
      logLevel: 'silent',
      plugins: [packagesOutside, keepImportMeta],
      define: Object.fromEntries(
        Object.entries(metaNames).map(([name, constant]) => [`import.meta.${name}`, constant]),
      ),
    })
    const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
    const outputs = Object.values(metafile.outputs)
    return {
      code: textOf('.mjs'),
      map: textOf('.map'),
      exports: outputs.flatMap(({ exports }) => exports),
      usesPwoa: outputs.some(({ imports }) => imports.some(({ path }) => path === ownEntry.href)),
    }
  } catch (thrown) {
    throw isBuildFailure(thrown) && thrown.errors[0] ? new PwoaFailure(usageError(file, thrown.errors[0])) : thrown
  }
}

const isBuildFailure = (thrown: unknown): thrown is BuildFailure =>
  thrown instanceof Error && 'errors' in thrown && Array.isArray(thrown.errors)

const tried = Symbol('already looked for')

/** Replaces bare imports by the URLs of their files, so that the bundle can be loaded from any folder. */
const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup: (build) => {
    build.onResolve({ filter: /^[^./#]/ }, async (args) => {
      if (args.kind === 'entry-point' || args.pluginData === tried || isAbsolute(args.path)) return undefined
      if (isBuiltin(args.path)) return { path: args.path, external: true }
      if (args.path === 'pwoa') return { path: ownEntry.href, external: true }
      if (/^[a-z][a-z+.-]+:/.test(args.path)) return undefined
      return locate(build, args)
    })
  },
}

const locate = async (build: PluginBuild, args: OnResolveArgs) => {
  const from = async (resolveDir: string) =>
    build.resolve(args.path, { resolveDir, importer: args.importer, kind: args.kind, pluginData: tried })
  const near = await from(args.resolveDir)
  const found = near.errors.length === 0 ? near : await from(ownRoot)
  if (found.errors.length > 0) {
    return { errors: [{ text: `no package "${args.path}" is installed there, and pwoa brings none of that name` }] }
  }
  // A TypeScript package of a workspace is bundled: Node could not load it.
  if (/\.[mc]?tsx?$/.test(found.path)) return { path: found.path }
  return { path: pathToFileURL(found.path).href, external: true }
}

/** Constants that replace the fields of `import.meta`: they are those of the original file. */
const metaNames = { url: '__pwoa_url', dirname: '__pwoa_dirname', filename: '__pwoa_filename' } as const

const loaders: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
}

const keepImportMeta: Plugin = {
  name: 'keep-import-meta',
  setup: (build) => {
    build.onLoad({ filter: /\.[mc]?[jt]sx?$/ }, withMeta)
  },
}

const withMeta = async ({ path }: OnLoadArgs): Promise<OnLoadResult | undefined> => {
  const source = await readFile(path, 'utf8')
  if (!source.includes('import.meta')) return undefined
  const contents = `${metaPrefix(path)}${source.replace(/^#!/, '//')}`
  return { contents, loader: loaders[extname(path)] ?? 'ts' }
}

/** Declares the constants, on the first line, so that all other lines keep their numbers. */
const metaPrefix = (path: string): string => {
  const facts = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path }
  return Object.entries(facts)
    .map(([name, value]) => `const ${metaNames[name as keyof typeof metaNames]}=${JSON.stringify(value)};`)
    .join('')
}

const usageError = (entry: string, { text, location }: Message): UsageError => {
  if (!location) return { _tag: 'UsageError', stage: shortPath(entry), expected: 'a file that compiles', actual: text }
  const file = location.file.startsWith('file:') ? fileURLToPath(location.file) : location.file
  const prefix = location.line === 1 ? prefixIn(location.lineText) : 0
  const column = Math.max(0, location.column - prefix)
  const line = location.lineText.slice(prefix)
  return {
    _tag: 'UsageError',
    stage: `${shortPath(file)}:${location.line}:${column + 1}`,
    expected: 'a file that compiles',
    actual: text,
    hint: `${line}\n${' '.repeat(column)}${'^'.repeat(Math.max(1, Math.min(location.length, line.length - column)))}`,
  }
}

const prefixIn = (line: string): number => /^(?:const __pwoa_\w+="(?:[^"\\]|\\.)*";)+/.exec(line)?.[0].length ?? 0
