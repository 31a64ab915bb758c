/**
 * `npm test`: sets everything up, then checks types and lint, and runs the tests. `--long` runs in full the test files
 * that `npm test` shortens or leaves out.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

await setUp()

const bin = (...path) => join(root, 'node_modules', ...path)

/** Runs a step and returns its exit code. Steps that run at the same time print when they end. */
const step = (name, args, { env = {}, together = false } = {}) =>
  new Promise((resolve) => {
    const stdio = together ? ['ignore', 'pipe', 'pipe'] : 'inherit'
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio })
    const output = []
    child.stdout?.on('data', (part) => output.push(part))
    child.stderr?.on('data', (part) => output.push(part))
    child.on('error', () => resolve(1))
    child.on('close', (code) => {
      process.stderr.write(Buffer.concat(output))
      if (code !== 0) process.stderr.write(`test: ${name} failed\n`)
      resolve(code ?? 1)
    })
  })

const runTests = (args, env) => step('tests', [bin('vitest', 'vitest.mjs'), 'run', ...args], { env })

/** The files with tests that do more under `--long`. */
const longFiles = () =>
  readdirSync(join(root, 'test'), { recursive: true })
    .map((name) => join('test', name))
    .filter((file) => file.endsWith('.test.ts') && readFileSync(join(root, file), 'utf8').includes('support/longer.js'))

const [first, ...rest] = process.argv.slice(2)
if (first === '--long') process.exit(await runTests(rest.length > 0 ? rest : longFiles(), { PWOA_LONG: '1' }))

const npmCli = process.env.npm_execpath
const hasLint = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts?.lint !== undefined

const checks = [
  ['type check', [bin('typescript', 'bin', 'tsc'), '--noEmit']],
  ['type check of the page', [bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'page']],
  ...(hasLint && npmCli !== undefined && existsSync(npmCli) ? [['lint', [npmCli, 'run', '--silent', 'lint']]] : []),
]
const codes = await Promise.all(checks.map(([name, args]) => step(name, args, { together: true })))
process.exit(codes.find((code) => code !== 0) ?? (await runTests(process.argv.slice(2))))
