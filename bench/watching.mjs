/**
 * What watching costs a run: `node bench/watching.mjs [--blocks 40] [--steps 40] [--write]`, after a build.
 *
 * Blocks of steps of one run, alternately unwatched and watched: A B A B … The run pauses between them while a watcher
 * starts or ends. A watched block is compared with the unwatched ones before and after it. Watchers run in their own
 * processes: alternately a reader of the event stream, which shows the work of the run's process alone, and Chromium with
 * the page, which uses cores of the same machine. The time that the page's server takes on the run's main thread is also
 * counted: for every step and event that it receives, and for every message that it makes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { filter, firstValueFrom } from 'rxjs'
import {
  admmMask,
  blockNoise,
  distill,
  hsicRegularize,
  loadTeacher,
  mnistNet,
  perturb,
  pipeline,
  syntheticDigits,
} from '../dist/index.js'
import { makeRunFigures } from '../dist/report/figures/runFigures.js'
import { planOf } from '../dist/runtime/folder/plan.js'
import { readPageFiles } from '../dist/ui/pageFiles.js'
import { openPageServer } from '../dist/ui/pageServer.js'
import { makeShow } from '../dist/ui/show.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '40' },
    steps: { type: 'string', default: '40' },
    write: { type: 'boolean', default: false },
  },
})
const blocks = Number(values.blocks)
const steps = Number(values.steps)
const [load] = loadavg()
const folder = mkdtempSync(join(tmpdir(), 'pwoa-watching-'))

/** The paper's method on the smallest network: its steps are the shortest, so that watching counts most. */
const made = pipeline('watched', syntheticDigits({ train: 2560, test: 100, batchSize: 128 })).pipe(
  loadTeacher(join(root, 'assets', 'teacher-digits.safetensors'), { architecture: mnistNet }),
  perturb(blockNoise({ epsilon: 0.3 })),
  distill(),
  hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }),
  admmMask({ pattern: 'irregular', rate: 4, epochs: 100_000, retrainEpochs: 1 }),
)

/** Milliseconds that the page's code took on the main thread, and the part of them in calls of at most 4 ms. */
let own = 0
let brief = 0
const timed =
  (act) =>
  (...given) => {
    const began = performance.now()
    try {
      return act(...given)
    } finally {
      const took = performance.now() - began
      own += took
      if (took <= 4) brief += took
    }
  }

const plain = makeShow('watched')
let arrived = () => undefined
const show = {
  ...plain,
  step: timed(plain.step),
  event: timed(plain.event),
  all: (chosen) => {
    arrived()
    return plain.all(chosen)
  },
}
const serve = async () => {
  const { setInterval } = globalThis
  // The server's only timer is the one that sends messages to the pages.
  globalThis.setInterval = (tick, ...rest) => setInterval(timed(tick), ...rest)
  try {
    return await openPageServer({ host: '127.0.0.1', port: 0, token: 'bench', files: await readPageFiles(), show })
  } finally {
    globalThis.setInterval = setInterval
  }
}
const server = await serve()

const reader = (url) => [process.execPath, ['-e', `http.get('${url}events', (answer) => answer.resume())`]]
const chromium = [process.env.PWOA_CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (place) => place !== '' && existsSync(place),
)
const browser = (url) => [
  chromium,
  ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'chromium')}`, url],
]
const watchers = { reader, ...(chromium === undefined ? {} : { Chromium: browser }) }

const run = made.run({ out: join(folder, 'run'), checkpoints: { everySteps: 1_000_000_000 } })
show.put({
  id: '0',
  label: 'watched',
  plan: planOf(made, 0),
  figures: makeRunFigures('watched'),
  pictures: new Map(),
  controls: { pause: run.pause, proceed: run.proceed, stop: run.stop },
})

/** The figures while nothing is watching, sent when a page connects: it then shows everything so far. */
let missed = []
let step = 0
const hear = (act) => {
  if (missed) missed.push(act)
  else act()
}
let onStep = () => undefined
run.metrics$.subscribe((metrics) => {
  step = metrics.step
  hear(() => show.step('0', metrics))
  onStep()
})
run.events$.subscribe((event) => {
  const logged = { at: Date.now() / 1000, step, event }
  hear(() => show.event('0', logged))
})

const clock = () => {
  const { user, system } = process.cpuUsage()
  return { cpu: (user + system) / 1000, wall: performance.now(), own, brief }
}

/** Milliseconds of processor time of a process and of all processes that it started. */
const processorTimeOf = (pid) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        // After the name in parentheses: state, parent, group …; user and system time are the 12th and 13th.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return Number(fields[2]) === pid ? 10 * (Number(fields[11]) + Number(fields[12])) : 0
      } catch {
        return 0
      }
    })
    .reduce((sum, time) => sum + time, 0)

/** Continues the run for a block, and pauses it again. @returns milliseconds of a step */
const block = async () => {
  // The same pause before each block, in which a new page draws everything once.
  await pause(2000)
  const rested = firstValueFrom(run.events$.pipe(filter(({ type }) => type === 'paused')))
  const taken = new Promise((resolve) => {
    let began
    let count = 0
    onStep = () => {
      if (began === undefined) began = clock()
      else count += 1
      if (count < steps) return
      onStep = () => undefined
      const ended = clock()
      resolve(Object.fromEntries(Object.entries(ended).map(([name, at]) => [name, (at - began[name]) / steps])))
      run.pause()
    }
  })
  run.proceed()
  const figures = await taken
  await rested
  return figures
}

const watched = async (watcher) => {
  const here = new Promise((resolve) => {
    arrived = resolve
  })
  for (const act of missed) act()
  missed = undefined
  const [command, args] = watcher(server.url)
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  await here
  const before = { time: processorTimeOf(child.pid), at: performance.now() }
  const figures = await block()
  const cores = (processorTimeOf(child.pid) - before.time) / (performance.now() - before.at)
  missed = []
  child.kill()
  await once(child, 'close')
  return { ...figures, cores }
}

// Before the first block, the engine and the data are loaded and the first steps are done.
await block()
await block()
const sequence = [await block()]
for (let i = 0; i < blocks; i++) {
  const names = Object.keys(watchers)
  const name = names[i % names.length]
  sequence.push({ name, ...(await watched(watchers[name])) }, await block())
  process.stderr.write(`bench: ${i + 1} of ${blocks} watched blocks\n`)
}
run.stop()
run.proceed()
await run.result
await server.close()
rmSync(folder, { recursive: true, force: true })

/** The median of a sample, and the interval that contains the true median with a probability of 95 % (sign test). */
const middle = (given) => {
  const sorted = given.toSorted((a, b) => a - b)
  const n = sorted.length
  const far = Math.max(0, Math.floor(n / 2 - 0.98 * Math.sqrt(n)) - 1)
  const centre = n % 2 === 1 ? sorted[n >> 1] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
  return { centre, from: sorted[far], to: sorted[n - 1 - far] }
}
const percent = (value) => `${value < 0 ? '−' : ''}${Math.abs(100 * value).toFixed(2)}`
const shown = ({ centre, from, to }) => `${percent(centre)} (${percent(from)} … ${percent(to)})`

const rowOf = (name) => {
  const at = [...sequence.keys()].filter((i) => sequence[i].name === name)
  const more = (what) =>
    middle(at.map((i) => sequence[i][what] / ((sequence[i - 1][what] + sequence[i + 1][what]) / 2) - 1))
  const share = (what) => shown(middle(at.map((i) => sequence[i][what] / sequence[i].wall)))
  const cores = middle(at.map((i) => sequence[i].cores)).centre.toFixed(2)
  return `| ${name} | ${at.length} | ${share('own')} | ${share('brief')} | ${shown(more('cpu'))} | ${shown(more('wall'))} | ${cores} |`
}
const unwatched = sequence.filter(({ name }) => name === undefined)
const text = `# What watching costs a run

Written by \`node bench/watching.mjs --write\`. One run of the paper's method on mnistNet (minibatches of 128, ${(middle(unwatched.map(({ wall }) => wall)).centre).toFixed(1)} ms per step) is divided into blocks of ${steps} steps, alternately unwatched and watched. Each watched block is compared with the unwatched blocks before and after it. Figures are percentages: medians over the blocks with 95 % intervals.

| watched by | blocks | server's share of the run's time | without calls above 4 ms | extra processor time of the run's process | extra time per step | cores used by the watcher |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${Object.keys(watchers).map(rowOf).join('\n')}

- The server's share is the wall-clock time of everything that it does in the run's main thread. Other work on the machine (its load is below) increases it whenever the process is suspended meanwhile; a call longer than 4 ms has mostly waited. The server's true cost is between the two columns; the target is at most 1 %.
- The next two columns compare blocks; read them only together with their intervals. If no core is idle, a watcher on the same machine takes the cores of the last column from the run. A browser on another machine takes none.
- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} at the start; Node ${process.versions.node}.
`
process.stdout.write(text)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'watching.md'), text)
process.exit()
