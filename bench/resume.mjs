/**
 * How long it takes to continue a run: `node bench/resume.mjs [--rounds 3] [--write]`, after a build.
 *
 * Each measurement is a process, from its start to the end of its first training step: of a new run, and of one that
 * continues from its checkpoint. Both load the engine, the data and the network. The second also reads and checks the
 * checkpoint and the metrics before it; the first computes what the second reads. Reading is also timed alone.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { answerOf, endlessRun, median } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = fileURLToPath(import.meta.url)

/** Networks with little and with much state, and a long run. A run is stopped after `steps`. */
const cases = {
  linear: { label: 'a linear layer, after 20,000 steps', steps: 20_000, train: 40, batchSize: 4 },
  mnistNet: { label: 'mnistNet, after 100 steps', steps: 100, train: 6400, batchSize: 64 },
  resnet18: { label: 'ResNet-18, after 3 steps', steps: 3, train: 64, batchSize: 8 },
}

/** A process that runs until a step is done, and reports the seconds since it began. */
const live = async (name, last, place) => {
  const run = (await endlessRun(name, cases[name])).run({ ...place, checkpoints: { everySteps: 1_000_000, keep: 1 } })
  let seconds
  run.metrics$.subscribe(({ step }) => {
    if (step < last || seconds !== undefined) return
    seconds = performance.now() / 1000
    run.stop()
  })
  const ended = await run.result
  if (ended.left?._tag !== 'InterruptedError') throw new Error(JSON.stringify(ended))
  process.stdout.write(JSON.stringify({ seconds }))
  process.exit()
}

/** A process that reads a run's newest checkpoint, and reports how long that took. */
const read = async (folder) => {
  const { readNewest } = await import('../dist/runtime/checkpoints/checkpointFolder.js')
  const began = performance.now()
  if (!(await readNewest(folder))) throw new Error('no checkpoint')
  process.stdout.write(JSON.stringify({ seconds: (performance.now() - began) / 1000 }))
  process.exit()
}

const processOf = (name, last, place) => answerOf(script, name, String(last), JSON.stringify(place)).seconds

const measure = (name, rounds) => {
  const { label, steps } = cases[name]
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-resume-'))
  const begun = join(folder, 'run')
  processOf(name, steps, { out: begun })
  const size = (place) =>
    readdirSync(join(begun, place)).reduce((sum, file) => sum + statSync(join(begun, place, file)).size, 0)
  const megabytes = size('checkpoints') / 1e6
  const times = Array.from({ length: rounds }, (_, round) => {
    const fresh = processOf(name, 1, { out: join(folder, `fresh-${round}`) })
    // Stopped after a step, it leaves a checkpoint one step later: the state is as large as before.
    return {
      fresh,
      reading: processOf('read', 0, begun),
      resumed: processOf(name, steps + round + 1, { resume: begun }),
    }
  })
  rmSync(folder, { recursive: true, force: true })
  const figures = [
    median(times.map(({ fresh }) => fresh)),
    median(times.map(({ resumed }) => resumed)),
    median(times.map(({ fresh, resumed }) => resumed - fresh)),
    median(times.map(({ reading }) => reading)),
  ]
  return `| ${label} | ${megabytes.toFixed(1)} | ${figures.map((figure) => figure.toFixed(2)).join(' | ')} |`
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [name, last, place] = positionals
if (name === 'read') await read(JSON.parse(place))
if (name !== undefined) await live(name, Number(last), JSON.parse(place))

const rounds = Number(values.rounds)
const [load] = loadavg()
const rows = Object.keys(cases).map((one) => {
  process.stderr.write(`bench: ${cases[one].label}\n`)
  return measure(one, rounds)
})
const text = `# Resuming a run

Written by \`node bench/resume.mjs --write\`. The table shows the seconds from the start of a process to the end of its first training step, for a new run and for one that resumes from its checkpoint. They are medians of ${rounds} rounds, in which the two alternate. Both load the engine, the data and the network. A new run also creates its first weights and the state of its optimizer. A resumed run reads them from the checkpoint: the last column is the time to read, hash and decode it.

| run | checkpoint MB | new run s | resumed run s | difference s | reading alone s |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} at the start; Node ${process.versions.node}.
`
process.stdout.write(text)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'resume.md'), text)
