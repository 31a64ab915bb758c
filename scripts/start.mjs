/** `npm start`: sets everything up, then runs the quickstart. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

await setUp()

const child = spawn(
  process.execPath,
  [join(root, 'dist', 'cli', 'main.js'), join(root, 'pipelines', 'quickstart.ts'), ...process.argv.slice(2)],
  // a process group of its own: otherwise a terminal's Ctrl-C reaches it directly and once more through npm
  { stdio: 'inherit', detached: process.platform !== 'win32' },
)

const SAME_PRESS_MS = 300
let lastForwarded = 0
const forward = (signal) => {
  const now = Date.now()
  if (process.platform === 'win32' || now - lastForwarded < SAME_PRESS_MS) return
  lastForwarded = now
  child.kill(signal)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => forward(signal))

const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
child.on('error', (error) => {
  process.stderr.write(`pwoa-run can't start: ${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? SIGNAL_CODES[signal] ?? 1))
