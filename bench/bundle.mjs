/** Bundles benches that are type-checked against src/ so that they run with dist/. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../scripts/setup.mjs'

/**
 * @param {readonly string[]} names of files in bench/, without their ending
 * @returns the folder with a `NAME.mjs` for each
 */
export const bundle = async (names) => {
  const { build } = await import('esbuild')
  const folder = join(root, 'node_modules', '.cache', 'pwoa-bench')
  mkdirSync(folder, { recursive: true })
  const shipped = {
    name: 'shipped',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^\.\.\/src\// }, ({ path }) => ({
        path: pathToFileURL(join(root, path.replace('../src/', 'dist/'))).href,
        external: true,
      }))
    },
  }
  await build({
    entryPoints: names.map((name) => join(root, 'bench', `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    plugins: [shipped],
  })
  return folder
}
