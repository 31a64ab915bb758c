/** The command of `npm run fuzz`: long runs, one input again, and what hostile files cost in a process of their own. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ReadBudget } from '../../src/io/files/readBudget.js'
import { type FuzzFigures, fuzz, inputOf } from './fuzz.js'
import { type FuzzKind, outcomeOf } from './kind.js'
import { kinds } from './kinds.js'
import { type HostileCost, pageOf } from './page.js'

const USAGE = `npm run fuzz -- [options]
  --kind NAMES     kinds of files, with commas between them; all of them if it is left out:
                   ${Object.keys(kinds).join(', ')}
  --minutes N      for each kind; 1 if it is left out
  --seed N         of the changes; 1 if it is left out
  --input N        only the file of this number; it is kept in the working folder
  --read FILE      only this file, by the reader of the one kind that is named
  --write          writes docs/results/fuzzing.md
`

const PAGE = 'docs/results/fuzzing.md'

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: Object.keys(kinds).join() },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    input: { type: 'string' },
    read: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const chosen = values.kind.split(',').map((name): readonly [string, FuzzKind] => {
  const kind = kinds[name]
  if (kind === undefined) throw new Error(`no kind ${name}\n${USAGE}`)
  return [name, kind]
})
const seed = Number(values.seed)

/**
 * The largest size of this process since the last call, in bytes, of Linux alone. `process.resourceUsage()` would begin
 * with the size of the process that started this one.
 */
const peak = (): number => {
  const [, kilobytes = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  // 5 resets the peak to the present size.
  writeFileSync('/proc/self/clear_refs', '5')
  return 1024 * Number(kilobytes)
}

/** Reads one file, and says as JSON what it cost: processor time, and memory beyond the file. */
const readOne = async (file: string): Promise<void> => {
  const [[, kind] = []] = chosen
  if (kind === undefined) return
  await kind.seeds()
  const bytes = readFileSync(file)
  const budget = new ReadBudget(bytes.length)
  peak()
  const size = process.memoryUsage.rss()
  const before = process.resourceUsage()
  const outcome = await outcomeOf(kind, bytes, budget)
  const after = process.resourceUsage()
  const cpu = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1e6
  say(JSON.stringify({ ...outcome, seconds: cpu, bytes: Math.max(0, peak() - size), file: bytes.length }))
}

const costsOf = (name: string, { hostile }: FuzzKind): readonly HostileCost[] => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-fuzz-'))
  try {
    return Object.entries(hostile).map(([what, make]) => {
      const file = join(folder, 'file')
      writeFileSync(file, make())
      const arguments_ = [process.argv[1] ?? '', '--kind', name, '--read', file]
      const { stdout, stderr, status } = spawnSync(process.execPath, arguments_, { encoding: 'utf8' })
      if (status !== 0) return { what, end: `ended the process: ${stderr.slice(-300)}`, seconds: 0, bytes: 0, file: 0 }
      return { what, ...(JSON.parse(stdout) as Omit<HostileCost, 'what'>) }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const runLong = async (): Promise<number> => {
  const minutes = Number(values.minutes)
  const rows: { readonly name: string; readonly figures: FuzzFigures; readonly costs: readonly HostileCost[] }[] = []
  for (const [name, kind] of chosen) {
    const end = Date.now() + 60_000 * minutes
    const figures = await fuzz(kind, { seed, goesOn: () => Date.now() < end })
    const { inputs, read, refused, findings } = figures
    say(`${name}: ${inputs} files, ${read} read, ${refused} refused, ${findings.length} faults`)
    for (const { input, reason } of findings.slice(0, 10))
      say(`  --kind ${name} --seed ${seed} --input ${input}: ${reason.split('\n')[0]}`)
    const costs = costsOf(name, kind)
    for (const { what, end: ended, seconds, bytes } of costs)
      say(`  ${what}: ${ended}, ${seconds.toFixed(2)} s, ${Math.round(bytes / 2 ** 20)} MiB`)
    rows.push({ name, figures, costs })
  }
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`
  if (values.write) writeFileSync(PAGE, pageOf(rows, { seed, minutes, machine }))
  const isGood = rows.every(
    ({ figures, costs }) =>
      figures.findings.length === 0 && costs.every(({ end }) => end === 'read' || end === 'refused'),
  )
  return isGood ? 0 : 1
}

const again = async (input: number): Promise<void> => {
  for (const [name, kind] of chosen) {
    const bytes = await inputOf(kind, seed, input)
    const file = `fuzz-${name}-${seed}-${input}`
    writeFileSync(file, bytes)
    say(`${file}, ${bytes.length} bytes: ${JSON.stringify(await outcomeOf(kind, bytes, new ReadBudget(bytes.length)))}`)
  }
}

if (values.help) say(USAGE)
else if (values.read !== undefined) await readOne(values.read)
else if (values.input !== undefined) await again(Number(values.input))
else process.exitCode = await runLong()
