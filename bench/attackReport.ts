import { aligned, busy, median, type Report } from './report.js'

export const attackNames = ['pgd', 'apgd-ce', 'apgd-t', 'fab-t', 'square', 'autoattack'] as const

export type AttackName = (typeof attackNames)[number]

const labels: Readonly<Record<AttackName, string>> = {
  pgd: 'PGD-40',
  'apgd-ce': 'APGD-CE, 100 steps',
  'apgd-t': 'APGD-T, 9 × 100 steps',
  'fab-t': 'FAB-T, 9 × 100 steps',
  square: 'Square, 5,000 queries',
  autoattack: 'AutoAttack `standard`',
}

/** The result of one process: the line that both sides print. */
export interface Side {
  readonly seconds: number
  readonly clean: number
  readonly robust: number
  /** Forward passes per example. */
  readonly passes: number
  /** Peak of the process, in MiB. */
  readonly mebibytes: number
}

/** One attack, round by round. */
export interface AttackRow {
  readonly attack: AttackName
  readonly ours: readonly Side[]
  readonly theirs: readonly Side[]
}

export interface AttackBench {
  readonly machine: Omit<Report['machine'], 'pytorch'> & {
    /** Versions of torch and torchattacks, or why they were not measured. */
    readonly torchattacks: string
    /** Highest load average when a process was started; the bench alone causes about one per core. */
    readonly highest: number
  }
  readonly checkpoint: string
  readonly epsilon: number
  readonly examples: number
  readonly batch: number
  readonly rounds: number
  readonly rows: readonly AttackRow[]
  /** Our peak memory for growing numbers of examples. */
  readonly memory: readonly { readonly examples: number; readonly mebibytes: number }[]
}

/** Our time divided by theirs: the median of the rounds' ratios. */
export const ratioOf = ({ ours, theirs }: AttackRow): number | undefined => {
  const ratios = ours.flatMap(({ seconds }, round) => {
    const other = theirs[round]
    return other === undefined ? [] : [seconds / other.seconds]
  })
  return ratios.length === 0 ? undefined : median(ratios)
}

const header = [
  'attack',
  'ours s',
  'torchattacks s',
  'ratio',
  'robust %, ours',
  'theirs',
  'passes, ours',
  'theirs',
  'MiB, ours',
  'theirs',
]

const figures = (sides: readonly Side[], figure: (side: Side) => number, digits: number): string =>
  sides.length === 0 ? '–' : median(sides.map(figure)).toFixed(digits)

const cells = (row: AttackRow): readonly string[] => {
  const both = (figure: (side: Side) => number, digits: number): readonly string[] => [
    figures(row.ours, figure, digits),
    figures(row.theirs, figure, digits),
  ]
  return [
    labels[row.attack],
    ...both(({ seconds }) => seconds, 2),
    ratioOf(row)?.toFixed(2) ?? '–',
    ...both(({ robust }) => 100 * robust, 1),
    ...both(({ passes }) => passes, 0),
    ...both(({ mebibytes }) => mebibytes, 0),
  ]
}

const disturbances = (machine: AttackBench['machine']): readonly string[] => {
  const before = busy(machine)
  const { highest, cores } = machine
  if (before.length > 0 || highest <= 1.5 * cores) return before
  return [`something else ran meanwhile (load ${highest.toFixed(1)} on ${cores} cores): not a fair comparison`]
}

const rest = ({ machine, memory }: AttackBench): readonly string[] => [
  ...disturbances(machine),
  ...(memory.length === 0
    ? []
    : [
        `Peak memory of our process: ${memory.map((one) => `${one.mebibytes.toFixed(0)} MiB with ${one.examples.toLocaleString('en')} examples`).join(', ')}`,
      ]),
]

/** For a terminal. */
export const drawAttacks = (bench: AttackBench): string => {
  const { machine, examples, epsilon, batch, rounds, rows } = bench
  const facts = `mnistNet, L∞ ε = ${epsilon}, ${examples} examples, batch ${batch}, medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; ${machine.engine.replace(/^engine: /, '')}; torchattacks ${machine.torchattacks}`
  return [facts, '', ...aligned([header, ...rows.map(cells)]), '', ...rest(bench), ''].join('\n')
}

/** For `docs/results`. */
export const markdownAttacks = (bench: AttackBench): string => {
  const { machine, checkpoint, examples, epsilon, batch, rounds, rows } = bench
  const line = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`
  return `# Attacks compared with torchattacks

Written by \`npm run bench attacks -- --data-dir DIR --checkpoint ${checkpoint} --write\`. Compare ratios, not seconds: both sides were measured alternately, round by round, on one machine, each run in its own process. The ratio is ours divided by torchattacks'; below 1 ours is faster.

${line(header)}
| --- |${' ---: |'.repeat(header.length - 1)}
${rows.map((row) => line(cells(row))).join('\n')}

- mnistNet with the public \`${checkpoint}\`, the first ${examples} images of the MNIST test set, L∞, ε = ${epsilon}, batch ${batch}; medians of ${rounds} rounds, each with another seed and a warm-up. The ratio is the median of the rounds' own ratios.
- Both sides have the steps, targets, restarts and queries of the official \`standard\`. torchattacks' own defaults are weaker (10 steps, and a stretched schedule of Square), so they were set to these values.
- "passes" are forward passes per example. Ours drops an example as soon as it is broken, torchattacks after the target or the attack: this difference is part of the comparison. "robust" is the accuracy afterwards, which shows that neither side is faster because it does less. MiB is the peak memory of the process.
- Our times include the clean pass and the final check.
${rest(bench)
  .map((each) => `- ${each}`)
  .join('\n')}
- ${machine.cpu}, ${machine.cores} cores; Node ${machine.node}, pwoa ${machine.pwoa}, ${machine.engine.replace(/^engine: /, '')}; torchattacks ${machine.torchattacks}.
`
}
