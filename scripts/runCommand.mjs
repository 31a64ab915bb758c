/** Runs a command within a time limit, in its own process group, so that none of its processes is left. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const running = new Set()

const killGroup = (child) => {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has already ended.
  }
}

/** Ends all commands of `run` that are still running. */
export const killAll = () => running.forEach(killGroup)

const BOILERPLATE = /complete log of this run|npm (error|ERR!)( (code|errno|syscall|Run)|$)|errors? in \d/i

/** The first line of the output that names the problem. */
const tellingLine = (output) => {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !BOILERPLATE.test(line))
  const telling = lines.find((line) => /error|ERR!/i.test(line))
  return (telling ?? lines.at(-1) ?? 'it said nothing').slice(0, 200)
}

/**
 * Resolves with the output (stdout and stderr together); rejects with one line that names `what` and the cause. Every
 * `beat` seconds a line on stderr shows that it still runs.
 * @param {string} what names the step in the error: `npm install`
 */
export const run = (what, command, args, { cwd, env, seconds, shell = false, beat = 10 }) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      shell,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    running.add(child)
    let output = ''
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      killGroup(child)
    }, seconds * 1000)
    const began = Date.now()
    const alive = setInterval(
      () => process.stderr.write(`${what}: ${Math.round((Date.now() - began) / 1000)} s so far\n`),
      beat * 1000,
    )
    const collect = (chunk) => {
      output = (output + chunk).slice(-1_000_000)
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    const settle = (finish) => {
      clearTimeout(timer)
      clearInterval(alive)
      running.delete(child)
      finish()
    }
    child.on('error', (error) =>
      settle(() =>
        reject(new Error(`${what} can't run: ${error.code === 'ENOENT' ? `no ${command} found` : error.message}`)),
      ),
    )
    child.on('close', (code) =>
      settle(() => {
        if (timedOut) reject(new Error(`${what} took longer than ${seconds} s`))
        else if (code === 0) resolve(output)
        else reject(Object.assign(new Error(`${what} failed: ${tellingLine(output)}`), { output }))
      }),
    )
  })

/** npm, through the npm that started us or the one that came with this Node. */
export const npm = (what, args, options) => {
  const candidates = [
    process.env.npm_execpath,
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ]
  const cli = candidates.find((path) => path !== undefined && /npm-cli\.c?js$/.test(path) && existsSync(path))
  return cli === undefined
    ? run(what, 'npm', args, { ...options, shell: process.platform === 'win32' })
    : run(what, process.execPath, [cli, ...args], options)
}
