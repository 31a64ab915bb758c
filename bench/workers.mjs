/**
 * How much faster two workers do a sweep: `node bench/workers.mjs [--rounds 3] [--images 15000] [--write]`, after a build.
 *
 * Each round runs the sweep of pipelines/sweep.ts (six mnistNet runs with their attacks) one point at a time, so that a run
 * has all cores, and with two workers, which share them, in alternating order. It measures the wall time of the whole
 * command, and checks that the points' figures are the same.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    images: { type: 'string', default: '15000' },
    write: { type: 'boolean', default: false },
  },
})

const sweepBy = (workers) => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-workers-'))
  const out = join(folder, 'sweep')
  const args = [
    ...[join(root, 'dist', 'cli', 'main.js'), join(root, 'pipelines', 'sweep.ts'), '--out', out],
    ...['--workers', String(workers), '--set', `images=${values.images}`, '--quiet'],
  ]
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const seconds = (performance.now() - began) / 1000
  if (status !== 0) throw new Error(stderr)
  const { points } = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))
  rmSync(folder, { recursive: true, force: true })
  return { seconds, figures: JSON.stringify(points.map(({ summary: { after } }) => [after.clean, after.attacks])) }
}

const rounds = Number(values.rounds)
const [load] = loadavg()
const pairs = Array.from({ length: rounds }, (_, round) => {
  const order = round % 2 === 0 ? [1, 2] : [2, 1]
  const by = Object.fromEntries(order.map((workers) => [workers, sweepBy(workers)]))
  if (by[1].figures !== by[2].figures) throw new Error(`figures differ: ${by[1].figures}, ${by[2].figures}`)
  const pair = { one: by[1].seconds, two: by[2].seconds, faster: by[1].seconds / by[2].seconds }
  process.stderr.write(`bench: round ${round + 1}: ${JSON.stringify(pair)}\n`)
  return pair
})

const cells = [
  median(pairs.map(({ one }) => one)).toFixed(1),
  median(pairs.map(({ two }) => two)).toFixed(1),
  median(pairs.map(({ faster }) => faster)).toFixed(2),
  pairs.map(({ faster }) => faster.toFixed(2)).join(', '),
]
const text = `# Two workers

Written by \`node bench/workers.mjs --rounds ${rounds} --images ${values.images} --write\`. The table shows the wall time of the sweep of \`pipelines/sweep.ts\` (six mnistNet runs with their attacks, on ${values.images} synthetic digits): one point at a time with all cores, and with two workers that share the cores. The times are medians of ${rounds} rounds, which alternate in which goes first. The points' figures are the same. The speed-up is the median of the rounds' own ratios.

| one at a time s | two workers s | speed-up | in each round |
| ---: | ---: | ---: | --- |
| ${cells.join(' | ')} |

- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} at the start; Node ${process.versions.node}.
`
process.stdout.write(text)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'workers.md'), text)
