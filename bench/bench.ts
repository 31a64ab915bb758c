import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ownVersion } from '../src/runtime/host/ownPackage.js'
import { benchAttacks } from './attacks.js'
import { findPytorch, outputOf, timePytorch } from './pytorch.js'
import { drawReport, markdownReport, median, type PytorchSide, type Report, type StepSide } from './report.js'
import type { Model, Work } from './work.js'

/** A kind of step to be timed. */
interface Case {
  readonly name: string
  readonly label: string
  readonly model: Model
  readonly work: Work
  readonly batch: number
  /** Minibatches in an epoch of ours. */
  readonly batches: number
  readonly warmup: number
  readonly steps: number
  readonly engine?: 'wasm'
  /** Not compared with PyTorch, which has no such step. */
  readonly alone?: true
}

const small = { model: 'mnistNet', batch: 128, batches: 20, warmup: 40, steps: 200 } as const
/** One short epoch: all its images are new, like augmented ones. */
const large = { model: 'resnet18', batch: 128, batches: 7, warmup: 1, steps: 5 } as const

/** Number of steps timed in a round: many short ones, or a few long ones. */
const cases: readonly Case[] = [
  { ...small, name: 'mnistNet admm', label: 'mnistNet, ADMM step', work: 'admm' },
  { ...small, name: 'mnistNet admm first', label: 'mnistNet, ADMM step, first epoch', work: 'admm', batches: 300 },
  { ...small, name: 'mnistNet retrain', label: 'mnistNet, retrain step, HSIC', work: 'retrain' },
  { ...small, name: 'mnistNet advprune', label: 'mnistNet, PGD-40 step', work: 'advprune', warmup: 2, steps: 5 },
  { ...small, name: 'mnistNet forward', label: 'mnistNet, forward', work: 'forward' },
  {
    ...small,
    name: 'mnistNet retrain wasm',
    label: 'mnistNet, retrain step, portable engine',
    work: 'retrain',
    steps: 100,
    engine: 'wasm',
    alone: true,
  },
  { ...large, name: 'resnet18 admm', label: 'ResNet-18, ADMM step', work: 'admm' },
  { ...large, name: 'resnet18 retrain', label: 'ResNet-18, retrain step, HSIC', work: 'retrain' },
  { ...large, name: 'resnet18 advprune', label: 'ResNet-18, PGD-10 step', work: 'advprune', batches: 3, steps: 1 },
  { ...large, name: 'resnet18 forward', label: 'ResNet-18, forward', work: 'forward' },
  ...[64, 512].flatMap((batch): readonly Case[] => {
    const grown = { ...large, batch, batches: 5, steps: 3, alone: true } as const
    const label = `ResNet-18, retrain step, batch ${batch}`
    return [
      { ...grown, name: `resnet18 ${batch} retrain`, label: `${label}, HSIC`, work: 'retrain' },
      { ...grown, name: `resnet18 ${batch} distil`, label: `${label}, no HSIC`, work: 'distil' },
    ]
  }),
]

const engines = ['auto', 'tensorflow', 'wasm'] as const

const options = {
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  rounds: { type: 'string', default: '5' },
  only: { type: 'string', default: '' },
  engine: { type: 'string', default: 'auto' },
} as const

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)

const timeHelp = (root: string): number => {
  const began = performance.now()
  spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), '--help'])
  return (performance.now() - began) / 1000
}

const script = fileURLToPath(new URL('stepSide.mjs', import.meta.url))

const timeOurs = async (one: Case, engine: string): Promise<StepSide> => {
  const { model, work, batch, batches, warmup, steps } = one
  const flags = { model, work, batch, batches, warmup, steps, engine: one.engine ?? engine }
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
  return JSON.parse(await outputOf(process.execPath, [script, ...words])) as StepSide
}

/** Both sides alternate, round by round, so that a machine that slows down slows both. */
const measure = async (root: string, chosen: readonly Case[], rounds: number, engine: string): Promise<Report> => {
  const [load = 0] = loadavg()
  // No engine is loaded here: it tunes the environment, which the measured processes would inherit.
  const pytorch = await findPytorch(root)
  const threads = availableParallelism()
  const rows = chosen.map((one) => ({ one, ours: [] as StepSide[], pytorch: [] as PytorchSide[] }))
  const helps: number[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const { one, ours, pytorch: theirs } of rows) {
      say(`round ${round}/${rounds}: ${one.label}`)
      ours.push(await timeOurs(one, engine))
      if (one.alone || !('torch' in pytorch)) continue
      const { model, work, batch, warmup, steps } = one
      theirs.push(await timePytorch(pytorch, model, work, { batch, steps, warmup, threads }))
    }
    helps.push(timeHelp(root))
  }
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
      cores: threads,
      load,
      node: process.versions.node,
      pwoa: ownVersion(),
      engine: rows[0]?.ours[0]?.engine ?? '',
      pytorch: 'torch' in pytorch ? pytorch.torch : `not measured: ${pytorch.absent}`,
    },
    rounds,
    rows: rows.map(({ one: { name, label }, ours, pytorch: theirs }) => ({ name, label, ours, pytorch: theirs })),
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
  const chosen = cases.filter(({ name }) => name.startsWith(values.only))
  if (!Number.isInteger(rounds) || rounds < 1 || engine === undefined || chosen.length === 0) {
    say(`expected --rounds >= 1, --engine among ${engines.join(', ')}, --only the beginning of one of`)
    say(cases.map(({ name }) => name).join(', '))
    return 2
  }
  const report = await measure(root, chosen, rounds, engine)
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : drawReport(report))
  if (values.write) {
    writeFileSync(join(root, 'docs', 'results', 'speed.md'), markdownReport(report))
    say('written to docs/results/speed.md')
  }
  return 0
}
