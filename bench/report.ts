/** What was measured, and on what. */
export interface Report {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    /** Load average when the measurement began: other work on the machine. */
    readonly load: number
    readonly node: string
    readonly pwoa: string
    readonly engine: string
    /** PyTorch's version, or why it was not measured. */
    readonly pytorch: string
  }
  readonly batch: number
  readonly rounds: number
  readonly rows: readonly Row[]
  /** Machinery (RxJS, events, books, progress) as a share of an ADMM step. */
  readonly overhead: { readonly seconds: number; readonly share: number }
  /** Wall time of `pwoa-run --help`, in seconds. */
  readonly help: number
}

/** One kind of step: medians of the rounds' medians, in seconds. */
export interface Row {
  readonly work: string
  readonly label: string
  readonly ours: number
  readonly pytorch: number | undefined
  /** Ours by PyTorch's: the median of the rounds' own ratios. */
  readonly ratio: number | undefined
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const milliseconds = (seconds: number): string => (seconds * 1000).toFixed(seconds < 0.1 ? 2 : 0)

const cells = ({ pytorch: version }: Report['machine'], { label, ours, pytorch, ratio }: Row): readonly string[] => [
  label,
  milliseconds(ours),
  pytorch === undefined ? version : milliseconds(pytorch),
  ratio === undefined ? '–' : ratio.toFixed(2),
]

/** Said where other work must have disturbed the figures: PyTorch's waiting threads suffer most. */
export const busy = ({ load, cores }: Pick<Report['machine'], 'load' | 'cores'>): readonly string[] =>
  load > cores / 2 ? [`the machine was busy (load ${load.toFixed(1)} on ${cores} cores): not a fair comparison`] : []

const header = ['work', 'ours ms', 'PyTorch ms', 'ratio']

const rest = ({ machine, overhead, help }: Report): readonly string[] => [
  ...busy(machine),
  `RxJS, events, books and progress: ${milliseconds(overhead.seconds)} ms, ${(100 * overhead.share).toFixed(2)} % of an ADMM step`,
  `pwoa-run --help: ${milliseconds(help)} ms`,
]

/** Lines of a table: the first column to the left, figures to the right. */
export const aligned = (lines: readonly (readonly string[])[]): readonly string[] => {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | '),
  )
}

/** For a terminal. */
export const drawReport = (report: Report): string => {
  const { machine, batch, rounds, rows } = report
  const table = aligned([header, ...rows.map((row) => cells(machine, row))])
  const facts = `mnistNet, batch ${batch}, medians of ${rounds} rounds; ${machine.engine.replace(/^engine: /, '')}`
  return [facts, '', ...table, '', ...rest(report), ''].join('\n')
}

/** For `docs/results`. */
export const markdownReport = (report: Report): string => {
  const { machine, batch, rounds, rows } = report
  const line = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`
  return `# mnistNet: one step, beside PyTorch

Written by \`npm run bench -- --write\`. Ratios count, not milliseconds: both sides were measured in turn, round by round, on one machine. Ours over PyTorch's; under 1 is faster.

${line(header)}
| --- | ---: | ---: | ---: |
${rows.map((row) => line(cells(machine, row))).join('\n')}

- mnistNet, batch ${batch}; medians of ${rounds} rounds, each with warm-up. The ratio is the median of the rounds' own ratios.
- Ours is the whole step of a run through the operators, minibatch and figures included; PyTorch's is \`pytorch_step.py\`, whose minibatch is there already.
${rest(report)
  .map((each) => `- ${each}`)
  .join('\n')}
- ${machine.cpu}, ${machine.cores} cores; Node ${machine.node}, pwoa ${machine.pwoa}, ${machine.engine.replace(/^engine: /, '')}; PyTorch ${machine.pytorch}.
`
}
