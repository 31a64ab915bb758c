import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadEngine } from '../src/engine/load.js'
import { ownVersion } from '../src/runtime/ownPackage.js'
import { benchAttacks } from './attacks.js'
import { findPytorch, timePytorch } from './pytorch.js'
import { drawReport, markdownReport, median, type Report, type Row } from './report.js'
import { type Load, time, type Work } from './work.js'

const batch = 128

/** Steps timed in a round: enough of the short ones, few of the long one. */
const works: readonly { readonly work: Work; readonly label: string; readonly steps: number }[] = [
  { work: 'admm', label: 'ADMM step', steps: 400 },
  { work: 'retrain', label: 'retrain step, HSIC', steps: 100 },
  { work: 'advprune', label: 'PGD-40 adversarial step', steps: 4 },
  { work: 'forward', label: 'forward', steps: 200 },
]

const engines = ['auto', 'tensorflow', 'wasm'] as const

const options = {
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  rounds: { type: 'string', default: '5' },
  engine: { type: 'string', default: 'auto' },
} as const

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)

const timeHelp = (root: string): number => {
  const began = performance.now()
  spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), '--help'])
  return (performance.now() - began) / 1000
}

/** Both sides in turn, round by round, so that a machine that slows down slows both. */
const measure = async (root: string, rounds: number, engine: Load['engine']): Promise<Report> => {
  const [load = 0] = loadavg()
  const { description } = await loadEngine(engine)
  const pytorch = await findPytorch(root)
  const threads = availableParallelism()
  const medians = works.map(() => ({ ours: [] as number[], pytorch: [] as number[] }))
  const overheads: { readonly seconds: number; readonly share: number }[] = []
  const helps: number[] = []
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round}/${rounds}`)
    for (const [i, { work, steps }] of works.entries()) {
      const amount: Load = { engine, batch, warmup: Math.max(2, steps / 10), steps }
      const { whole, machinery } = await time(work, amount)
      medians[i]?.ours.push(median(whole))
      if (work === 'admm') {
        const seconds = median(machinery)
        overheads.push({ seconds, share: seconds / median(whole) })
      }
      if ('torch' in pytorch)
        medians[i]?.pytorch.push(await timePytorch(pytorch, work, { batch, steps, warmup: amount.warmup, threads }))
    }
    helps.push(timeHelp(root))
  }
  const rows = works.map(({ work, label }, i): Row => {
    const { ours = [], pytorch: theirs = [] } = medians[i] ?? {}
    const ratios = ours.flatMap((seconds, round) => {
      const other = theirs[round]
      return other === undefined ? [] : [seconds / other]
    })
    return {
      work,
      label,
      ours: median(ours),
      pytorch: theirs.length === 0 ? undefined : median(theirs),
      ratio: ratios.length === 0 ? undefined : median(ratios),
    }
  })
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
      cores: threads,
      load,
      node: process.versions.node,
      pwoa: ownVersion(),
      engine: description,
      pytorch: 'torch' in pytorch ? pytorch.torch : `not measured: ${pytorch.absent}`,
    },
    batch,
    rounds,
    rows,
    overhead: {
      seconds: median(overheads.map(({ seconds }) => seconds)),
      share: median(overheads.map(({ share }) => share)),
    },
    help: median(helps),
  }
}

/** Returns the exit code. */
export const bench = async (root: string, args: readonly string[]): Promise<number> => {
  const [first, ...others] = args
  if (first === 'attacks') return benchAttacks(root, others)
  const { values } = parseArgs({ args: [...args], options })
  const rounds = Number(values.rounds)
  const engine = engines.find((name) => name === values.engine)
  if (!Number.isInteger(rounds) || rounds < 1 || engine === undefined) {
    say(`expected --rounds >= 1 and --engine among ${engines.join(', ')}`)
    return 2
  }
  const report = await measure(root, rounds, engine)
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : drawReport(report))
  if (values.write) {
    writeFileSync(join(root, 'docs', 'results', 'bench-mnistnet.md'), markdownReport(report))
    say('written to docs/results/bench-mnistnet.md')
  }
  return 0
}
