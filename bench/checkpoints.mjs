/**
 * What checkpoints cost at the default interval: `node bench/checkpoints.mjs [--case mnistNet] [--rounds 3] [--write]`,
 * after a build.
 *
 * Each round is a process that trains for some minutes with the checkpoints that a run writes by default, and reports the
 * share of its time that the run counts for them: from copying the state to the last byte on the disk, most of it in
 * parallel with training. Comparing with a second process without checkpoints would show less: two processes differ by up
 * to 15 % on a small machine, whichever of them writes checkpoints.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { answerOf, endlessRun, median } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = fileURLToPath(import.meta.url)

const cases = {
  mnistNet: { label: 'mnistNet, minibatches of 64, epochs of 100', seconds: 60, train: 6400, batchSize: 64 },
  resnet18: { label: 'ResNet-18, minibatches of 8, epochs of 8', seconds: 240, train: 64, batchSize: 8 },
}

/** A process that trains for some seconds after its first step, and reports its numbers of steps and of checkpoints. */
const live = async (name, out) => {
  const { seconds } = cases[name]
  const run = (await endlessRun(name, cases[name])).run({ out })
  let first
  let result
  let steps = 0
  let checkpoints = 0
  let spent = 0
  run.events$.subscribe((event) => {
    if (event.type !== 'checkpoint' || result !== undefined) return
    checkpoints += 1
    spent = event.spentSeconds
  })
  run.metrics$.subscribe(() => {
    if (result !== undefined) return
    const now = performance.now() / 1000
    if (first === undefined) first = now
    else steps += 1
    if (now - first < seconds) return
    result = { perStep: (now - first) / steps, steps, checkpoints, share: spent / (now - first) }
    run.stop()
  })
  const ended = await run.result
  if (ended.left?._tag !== 'InterruptedError') throw new Error(JSON.stringify(ended))
  process.stdout.write(JSON.stringify(result))
  process.exit()
}

const processOf = (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-checkpoints-'))
  try {
    return answerOf(script, 'live', name, join(folder, 'run'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const percent = (share) => `${(100 * share).toFixed(2)} %`

const measure = (name, rounds) => {
  const runs = Array.from({ length: rounds }, (_, round) => {
    const run = processOf(name)
    process.stderr.write(`bench: ${name}, round ${round + 1}: ${JSON.stringify(run)}\n`)
    return run
  })
  const shares = runs.map(({ share }) => share)
  const cells = [
    cases[name].label,
    cases[name].seconds,
    median(runs.map(({ steps }) => steps)),
    (1000 * median(runs.map(({ perStep }) => perStep))).toFixed(1),
    median(runs.map(({ checkpoints }) => checkpoints)),
    percent(median(shares)),
    shares.map(percent).join(', '),
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
const [mode, name, out] = positionals
if (mode === 'live') await live(name, out)

const rounds = Number(values.rounds)
const [load] = loadavg()
const chosen = values.case === undefined ? Object.keys(cases) : [values.case]
const rows = chosen.map((one) => measure(one, rounds))
const text = `# What checkpoints cost

Written by \`node bench/checkpoints.mjs --rounds ${rounds} --write\`. Each run trains for some minutes and writes the default checkpoints: at the end of each epoch and every 60 s, as long as all of them, including one more, take at most 2 % of the time. The share is the time from capturing the state to the last byte on disk; most of it runs in parallel with training. Rounds per run: ${rounds}; the figures are medians. A longer run stays below 2 %, except for the first and the last checkpoint.

| run | seconds | steps | ms per step | checkpoints | share of the time | in each round |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
${rows.join('\n')}

- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} at the start; Node ${process.versions.node}.
`
process.stdout.write(text)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'checkpoints.md'), text)
