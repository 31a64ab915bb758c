/**
 * What checkpoints cost at the default interval: `node bench/checkpoints.mjs [--case mnistNet] [--rounds 3]
 * [--write]`, after a build.
 *
 * Each round has two processes, in turns the one and the other first: a run with the checkpoints that it writes by
 * default, and the same run with none. Each trains for some minutes; what counts is the wall time of a step, from the end
 * of the first to the end of the last; and the time that the run itself counts for its checkpoints.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { endlessRun, median } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = fileURLToPath(import.meta.url)

const cases = {
  mnistNet: { label: 'mnistNet, minibatches of 64, epochs of 100', seconds: 60, train: 6400, batchSize: 64 },
  resnet18: { label: 'ResNet-18, minibatches of 8, epochs of 8', seconds: 180, train: 64, batchSize: 8 },
}

/** None but those that no run is without: at its end. */
const none = { everySteps: 1_000_000_000 }

/** A process that trains for some seconds after its first step, and says how many steps it did, and checkpoints. */
const live = async (name, side, out) => {
  const { seconds } = cases[name]
  const run = (await endlessRun(name, cases[name])).run(side === 'none' ? { out, checkpoints: none } : { out })
  let first
  let told
  let steps = 0
  let checkpoints = 0
  let spent = 0
  run.events$.subscribe((event) => {
    if (event.type !== 'checkpoint' || told !== undefined) return
    checkpoints += 1
    spent = event.spentSeconds
  })
  run.metrics$.subscribe(() => {
    if (told !== undefined) return
    const now = performance.now() / 1000
    if (first === undefined) first = now
    else steps += 1
    if (now - first < seconds) return
    told = { perStep: (now - first) / steps, steps, checkpoints, share: spent / (now - first) }
    run.stop()
  })
  const ended = await run.result
  if (ended.left?._tag !== 'InterruptedError') throw new Error(JSON.stringify(ended))
  process.stdout.write(JSON.stringify(told))
  process.exit()
}

const processOf = (name, side) => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-checkpoints-'))
  const args = [script, 'live', name, side, join(folder, 'run')]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const percent = (share) => `${share < 0 ? '−' : ''}${Math.abs(100 * share).toFixed(2)} %`

const measure = (name, rounds) => {
  const pairs = Array.from({ length: rounds }, (_, round) => {
    const order = round % 2 === 0 ? ['default', 'none'] : ['none', 'default']
    const sides = Object.fromEntries(order.map((side) => [side, processOf(name, side)]))
    process.stderr.write(`bench: ${name}, round ${round + 1}: ${JSON.stringify(sides)}\n`)
    return { ...sides, cost: sides.default.perStep / sides.none.perStep - 1 }
  })
  const cells = [
    cases[name].label,
    cases[name].seconds,
    median(pairs.map((pair) => pair.default.steps)),
    median(pairs.map((pair) => pair.default.checkpoints)),
    (1000 * median(pairs.map((pair) => pair.none.perStep))).toFixed(1),
    (1000 * median(pairs.map((pair) => pair.default.perStep))).toFixed(1),
    percent(median(pairs.map((pair) => pair.default.share))),
    percent(median(pairs.map(({ cost }) => cost))),
    pairs.map(({ cost }) => percent(cost)).join(', '),
  ]
  return `| ${cells.join(' | ')} |`
}

const { values, positionals } = parseArgs({
  options: {
    case: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const [mode, name, side, out] = positionals
if (mode === 'live') await live(name, side, out)

const rounds = Number(values.rounds)
const [load] = loadavg()
const chosen = values.case === undefined ? Object.keys(cases) : [values.case]
const rows = chosen.map((one) => measure(one, rounds))
const text = `# What checkpoints cost

Written by \`node bench/checkpoints.mjs --rounds ${rounds} --write\`: wall time of a training step in a run of some minutes with the checkpoints that it writes by default (at the ends of epochs and every 60 s, as long as all of them and another one take at most 2 % of its time), and in the same run with none; medians of ${rounds} rounds, in turns the one and the other first. The share is the time in which states were taken and written, though most of it runs beside the training; the cost is the median of the rounds' own ratios, which says no more than how much the machine varies where they lie on both sides of nothing.

| run | seconds | steps | checkpoints | ms a step without | with | share of the time | cost | of each round |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
${rows.join('\n')}

- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} as it began; Node ${process.versions.node}.
`
process.stdout.write(text)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'checkpoints.md'), text)
