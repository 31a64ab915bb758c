/**
 * npm run fuzz -- [--kind onnx,torch] [--minutes 10] [--seed 1] [--write]
 *
 * Reads changed files of every kind, or of some, for so many minutes each; see `test/fuzz/command.ts`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
// In `dist`, because what it imports looks for files of the checkout one folder above itself.
const outfile = join(root, 'dist', 'fuzz.mjs')

await build({
  entryPoints: [join(root, 'test', 'fuzz', 'command.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
})
const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? 1)
