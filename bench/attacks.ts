import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadEngine } from '../src/engine/load/loadEngine.js'
import { ownVersion } from '../src/runtime/host/ownPackage.js'
import {
  type AttackBench,
  type AttackName,
  attackNames,
  drawAttacks,
  markdownAttacks,
  type Side,
} from './attackReport.js'
import { outputOf, python } from './pytorch.js'

const batch = 250
const epsilon = 0.3

/** Memory is measured on the attack that keeps most besides its images. */
const memoryAttack = 'apgd-ce'

const options = {
  'data-dir': { type: 'string' },
  checkpoint: { type: 'string' },
  examples: { type: 'string', default: '250' },
  rounds: { type: 'string', default: '3' },
  only: { type: 'string', default: attackNames.join(',') },
  engine: { type: 'string', default: 'auto' },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
} as const

const engines = ['auto', 'tensorflow', 'wasm'] as const

const usage = `usage: npm run bench attacks -- --data-dir DIR --checkpoint mnist_fastat_pgd.pth [--examples 250]
         [--rounds 3] [--only ${attackNames.join(',')}] [--engine ${engines.join('|')}] [--json] [--write]
`

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)

interface Settings {
  readonly dataDir: string
  readonly checkpoint: string
  readonly examples: number
  readonly rounds: number
  readonly attacks: readonly AttackName[]
  readonly engine: (typeof engines)[number]
  readonly json: boolean
  readonly write: boolean
}

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options })
  } catch (thrown) {
    say(thrown instanceof Error ? thrown.message : String(thrown))
    return parseArgs({ args: [], options })
  }
}

/** Undefined for what `usage` does not know. */
const settingsOf = (args: readonly string[]): Settings | undefined => {
  const { values } = parsed(args)
  const { 'data-dir': dataDir, checkpoint, json, write } = values
  const [examples, rounds] = [Number(values.examples), Number(values.rounds)] as const
  const engine = engines.find((name) => name === values.engine)
  const asked = values.only.split(',')
  const attacks = attackNames.filter((name) => asked.includes(name))
  const whole = [examples, rounds].every((value) => Number.isInteger(value) && value >= 1)
  if (!dataDir || !checkpoint || !engine || !whole || attacks.length !== asked.length) return undefined
  return { dataDir: resolve(dataDir), checkpoint: resolve(checkpoint), examples, rounds, attacks, engine, json, write }
}

/** The versions of torch and torchattacks in `PWOA_BENCH_PYTHON`, else in `python3`. */
const findTorchattacks = async (): Promise<{ readonly versions: string } | { readonly absent: string }> => {
  const versions: string[] = []
  for (const name of ['torch', 'torchattacks']) {
    try {
      versions.push((await outputOf(python, ['-c', `import ${name}; print(${name}.__version__)`])).trim())
    } catch {
      return { absent: `no ${name}` }
    }
  }
  const [torch, torchattacks] = versions
  return { versions: `${torchattacks}, PyTorch ${torch}` }
}

type Flags = Readonly<Record<string, string | number>>

/** The line that a side prints: the same flags, the same figures. */
const runSide = async (program: string, script: string, flags: Flags): Promise<Side> => {
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
  return JSON.parse(await outputOf(program, [script, ...words])) as Side
}

/** Both sides alternate, round by round, so that a machine that slows down slows both. */
const measure = async (root: string, settings: Settings): Promise<AttackBench> => {
  const { attacks, checkpoint, dataDir, engine, examples, rounds } = settings
  const [load = 0] = loadavg()
  const { description } = await loadEngine(engine)
  const torchattacks = await findTorchattacks()
  const cores = availableParallelism()
  const common = { 'data-dir': dataDir, checkpoint, batch, epsilon }
  const ourScript = fileURLToPath(new URL('attackSide.mjs', import.meta.url))
  const theirScript = join(root, 'bench', 'attacks_torchattacks.py')
  const runOurs = (flags: Flags): Promise<Side> => runSide(process.execPath, ourScript, { ...common, ...flags, engine })
  let highest = load
  const rows = attacks.map((attack) => ({ attack, ours: [] as Side[], theirs: [] as Side[] }))
  for (let round = 1; round <= rounds; round++) {
    for (const { attack, ours, theirs } of rows) {
      say(`round ${round}/${rounds}: ${attack}`)
      highest = Math.max(highest, ...loadavg().slice(0, 1))
      const flags = { attack, examples, seed: round }
      ours.push(await runOurs(flags))
      if ('versions' in torchattacks)
        theirs.push(await runSide(python, theirScript, { ...common, ...flags, threads: cores }))
    }
  }
  const memory: { readonly examples: number; readonly mebibytes: number }[] = []
  if (attacks.includes(memoryAttack)) {
    say('memory')
    for (const count of [batch, 4 * batch]) {
      const { mebibytes } = await runOurs({ attack: memoryAttack, examples: count })
      memory.push({ examples: count, mebibytes })
    }
  }
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
      cores,
      load,
      highest,
      node: process.versions.node,
      pwoa: ownVersion(),
      engine: description,
      torchattacks: 'versions' in torchattacks ? torchattacks.versions : `not measured: ${torchattacks.absent}`,
    },
    checkpoint: basename(checkpoint),
    epsilon,
    examples,
    batch,
    rounds,
    rows,
    memory,
  }
}

/** Returns the exit code. */
export const benchAttacks = async (root: string, args: readonly string[]): Promise<number> => {
  const settings = settingsOf(args)
  if (!settings) {
    process.stderr.write(usage)
    return 2
  }
  const bench = await measure(root, settings)
  process.stdout.write(settings.json ? `${JSON.stringify(bench)}\n` : drawAttacks(bench))
  if (settings.write) {
    writeFileSync(join(root, 'docs', 'results', 'bench-attacks.md'), markdownAttacks(bench))
    say('written to docs/results/bench-attacks.md')
  }
  return 0
}
