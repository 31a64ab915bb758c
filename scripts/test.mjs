/** `npm test`: sets everything up, then type check, lint where it is configured, and all tests. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

await setUp()

const bin = (...path) => join(root, 'node_modules', ...path)

const step = (name, args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
    child.on('error', () => resolve(1))
    child.on('exit', (code) => {
      if (code !== 0) process.stderr.write(`test: ${name} failed\n`)
      resolve(code ?? 1)
    })
  })

const npmCli = process.env.npm_execpath
const hasLint = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts?.lint !== undefined

const steps = [
  ['type check', [bin('typescript', 'bin', 'tsc'), '--noEmit']],
  ['type check of the page', [bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'page']],
  ...(hasLint && npmCli !== undefined && existsSync(npmCli) ? [['lint', [npmCli, 'run', '--silent', 'lint']]] : []),
  ['tests', [bin('vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]],
]

for (const [name, args] of steps) {
  const code = await step(name, args)
  if (code !== 0) process.exit(code)
}
