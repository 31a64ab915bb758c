/**
 * `npm run bench [attacks]`: sets everything up, then times the code that is shipped (dist/): training steps compared with
 * PyTorch, or attacks compared with torchattacks.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, setUp } from '../scripts/setup.mjs'

await setUp()

const { build } = await import('esbuild')
const folder = join(root, 'node_modules', '.cache', 'pwoa-bench')
mkdirSync(folder, { recursive: true })

/** The bench is type-checked against src/ and runs with dist/. */
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
  entryPoints: ['bench', 'attackSide', 'stepSide'].map((name) => join(root, 'bench', `${name}.ts`)),
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

const { bench } = await import(pathToFileURL(join(folder, 'bench.mjs')).href)
process.exitCode = await bench(root, process.argv.slice(2))
