/** `npm run bench`: sets everything up, then times the very code that is shipped (dist/), beside PyTorch. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, setUp } from '../scripts/setup.mjs'

await setUp()

const { build } = await import('esbuild')
const folder = join(root, 'node_modules', '.cache', 'pwoa-bench')
const outfile = join(folder, 'bench.mjs')
mkdirSync(folder, { recursive: true })

/** The bench is typed against src/ and runs against dist/. */
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
  entryPoints: [join(root, 'bench', 'bench.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
  plugins: [shipped],
})

const { bench } = await import(pathToFileURL(outfile).href)
process.exitCode = await bench(root, process.argv.slice(2))
