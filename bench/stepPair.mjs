/**
 * Whether steps have become slower: `node bench/stepPair.mjs --before DIR [--rounds 7] [--write]`, after a build. DIR is a
 * checkout of an earlier version, with its build.
 *
 * Each round is a process of each build, one after the other and in changing order, which takes the same steps of an ADMM phase.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { answerOf, endlessRun, median } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = fileURLToPath(import.meta.url)

const cases = {
  resnet18: { label: 'ResNet-18, minibatches of 32', train: 320, batchSize: 32, warmUp: 2, steps: 6 },
  mnistNet: { label: 'mnistNet, minibatches of 128', train: 1280, batchSize: 128, warmUp: 40, steps: 200 },
}

/** A process that takes its steps, and prints the median of their milliseconds, and the mean of the processor's. */
const timed = async (name, folder, build) => {
  const { warmUp, steps } = cases[name]
  const made = await endlessRun(name, cases[name], pathToFileURL(join(build, 'dist/index.js')).href)
  const run = made.run({ out: folder, engine: 'tensorflow', checkpoints: { everySteps: 1_000_000_000 } })
  const seconds = []
  let begun
  let spent
  run.metrics$.subscribe((step) => {
    seconds.push(step.seconds)
    if (seconds.length === warmUp) begun = process.cpuUsage()
    if (seconds.length !== warmUp + steps) return
    spent = process.cpuUsage(begun)
    run.stop()
  })
  const ended = await run.result
  if (ended.left?._tag !== 'InterruptedError') throw new Error(JSON.stringify(ended))
  const processor = (spent.user + spent.system) / 1000 / steps
  process.stdout.write(JSON.stringify([1000 * median(seconds.slice(warmUp, warmUp + steps)), processor]))
  process.exit()
}

const inProcess = (name, build) => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-pair-'))
  try {
    return answerOf(script, 'timed', name, join(folder, 'run'), build)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values, positionals } = parseArgs({
  options: {
    before: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    write: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const [mode, name, folder, build] = positionals
if (mode === 'timed') await timed(name, folder, build)
if (values.before === undefined) {
  process.stderr.write('usage: node bench/stepPair.mjs --before DIR [--rounds 7] [--write]\n')
  process.exit(2)
}

const before = resolve(values.before)
const commit = execFileSync('git', ['-C', before, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
const rounds = Number(values.rounds)
const [load] = loadavg()

/** The median ratio of pairs, with the smallest and the largest. */
const ratioOf = (pairs) => {
  const ratios = pairs.map(([then, now]) => now / then)
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
  return `${median(ratios).toFixed(2)} (${spread})`
}

const rowOf = (each) => {
  const rows = Array.from({ length: rounds }, (_, round) => {
    const builds = round % 2 === 0 ? [before, root] : [root, before]
    const times = new Map(builds.map((one) => [one, inProcess(each, one)]))
    const pair = [times.get(before), times.get(root)]
    process.stderr.write(`${each}, round ${round + 1}: ${JSON.stringify(pair)}\n`)
    return pair
  })
  const [wall, processor] = [0, 1].map((figure) => rows.map((pair) => pair.map((times) => times[figure])))
  const medians = (pairs) => [0, 1].map((side) => median(pairs.map((pair) => pair[side])).toFixed(1))
  const cells = [...medians(wall), ratioOf(wall), ...medians(processor), ratioOf(processor)]
  return `| ${cases[each].label} | ${cells.join(' | ')} |`
}

const rows = Object.keys(cases).map(rowOf)
const text = `# Training steps compared with an earlier version

Written by \`node bench/stepPair.mjs --before DIR --write\`, with the build of commit ${commit} in DIR. A step of an ADMM phase, on random weights, with the native engine: the median of a process's steps after its warm-up. The builds ran alternately, in changing order, each in its own process, ${rounds} rounds; milliseconds are the medians of the rounds, and the ratio is the median of the rounds' own ratios, with the smallest and the largest in brackets. Below 1 a step takes less time than before. The processor's time is that of all threads of the process, the mean of the same steps: other processes on the machine change it less than the clock's.

| step | ms before | ms now | ratio (min–max) | processor ms before | now | ratio (min–max) |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} at the start; Node ${process.versions.node}.
`
process.stdout.write(text)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'step-pair.md'), text)
