/** The measurements, and the machine and versions they were made with. */
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
  readonly rounds: number
  readonly rows: readonly Row[]
  /** Wall time of `pwoa-run --help`, in seconds. */
  readonly help: number
}

/** The measurements of one of our processes. */
export interface StepSide {
  /** Which engine it ran on, in words. */
  readonly engine: string
  /** Median of a whole step. */
  readonly seconds: number
  /** The part that RxJS, events, records and progress take. */
  readonly machinery: number
  /** Peak of the process. */
  readonly mebibytes: number
}

/** The same of PyTorch's process. */
export type PytorchSide = Pick<StepSide, 'seconds' | 'mebibytes'>

/** One kind of step, round by round. */
export interface Row {
  readonly name: string
  readonly label: string
  readonly ours: readonly StepSide[]
  /** Empty if PyTorch has no such step, or is not installed. */
  readonly pytorch: readonly PytorchSide[]
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const milliseconds = (seconds: number): string => (seconds * 1000).toFixed(seconds < 0.1 ? 2 : 0)

/** The ratios of two measurements, round by round. */
const ratios = (
  a: readonly PytorchSide[],
  b: readonly PytorchSide[],
  figure: keyof PytorchSide = 'seconds',
): readonly number[] =>
  a.flatMap((side, round) => {
    const other = b[round]
    return other === undefined ? [] : [side[figure] / other[figure]]
  })

const spread = (values: readonly number[], digits = 2): string =>
  values.length === 0
    ? '–'
    : `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`

const figureOf = (sides: readonly PytorchSide[], draw: (side: PytorchSide) => number, digits: number): string =>
  sides.length === 0 ? '–' : median(sides.map(draw)).toFixed(digits)

const header = ['work', 'ours ms', 'PyTorch ms', 'ratio (min–max)', 'MiB, ours', 'PyTorch', 'ratio']

const cells = ({ label, ours, pytorch }: Row): readonly string[] => [
  label,
  milliseconds(median(ours.map(({ seconds }) => seconds))),
  pytorch.length === 0 ? '–' : milliseconds(median(pytorch.map(({ seconds }) => seconds))),
  spread(ratios(ours, pytorch)),
  figureOf(ours, ({ mebibytes }) => mebibytes, 0),
  figureOf(pytorch, ({ mebibytes }) => mebibytes, 0),
  pytorch.length === 0 ? '–' : median(ratios(ours, pytorch, 'mebibytes')).toFixed(2),
]

/** A note for figures that other work has probably disturbed: PyTorch's waiting threads suffer most. */
export const busy = ({ load, cores }: Pick<Report['machine'], 'load' | 'cores'>): readonly string[] =>
  load > cores / 2 ? [`the machine was busy (load ${load.toFixed(1)} on ${cores} cores): not a fair comparison`] : []

/** The ratio of two of our own rows, if both were measured. */
interface Comparison {
  readonly of: string
  readonly by: string
  /** Formats a ratio. @default the ratio itself */
  readonly figure?: (ratio: number) => number
  readonly text: (figure: string) => string
}

/** The increase from one time to another, in percent. */
const share = (ratio: number): number => 100 * (1 - ratio)

const comparisons: readonly Comparison[] = [
  {
    of: 'mnistNet admm',
    by: 'mnistNet advprune',
    text: (ratio) => `mnistNet, PwoA step divided by adversarial pruning step (PGD-40), both ours: ${ratio}`,
  },
  {
    of: 'resnet18 admm',
    by: 'resnet18 advprune',
    text: (ratio) => `ResNet-18, PwoA step divided by adversarial pruning step (PGD-10), both ours: ${ratio}`,
  },
  {
    of: 'mnistNet retrain wasm',
    by: 'mnistNet retrain',
    text: (ratio) => `mnistNet retrain step, portable engine divided by native engine: ${ratio}`,
  },
  ...[64, 512].map((batch) => ({
    of: `resnet18 ${batch} distil`,
    by: `resnet18 ${batch} retrain`,
    figure: share,
    text: (percent: string) => `HSIC on every ReLU, share of ResNet-18's retrain step at batch ${batch}: ${percent} %`,
  })),
]

const rest = ({ machine, rows, help }: Report): readonly string[] => {
  const rowOf = (name: string): Row | undefined => rows.find((row) => row.name === name)
  const overhead = rowOf('mnistNet admm')?.ours.map((side) => (100 * side.machinery) / side.seconds) ?? []
  return [
    ...busy(machine),
    ...comparisons.flatMap(({ of, by, text, figure = (ratio) => ratio }) => {
      const [a, b] = [rowOf(of), rowOf(by)]
      return a && b ? [text(spread(ratios(a.ours, b.ours).map(figure)))] : []
    }),
    ...(overhead.length === 0
      ? []
      : [`RxJS, events, bookkeeping and progress: ${spread(overhead)} % of mnistNet's ADMM step`]),
    `pwoa-run --help: ${milliseconds(help)} ms`,
  ]
}

/** Lines of a table: the first column to the left, figures to the right. */
export const aligned = (lines: readonly (readonly string[])[]): readonly string[] => {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | '),
  )
}

/** For a terminal. */
export const drawReport = (report: Report): string => {
  const { machine, rounds, rows } = report
  const facts = `medians of ${rounds} rounds; ${machine.engine.replace(/^engine: /, '')}; PyTorch ${machine.pytorch}`
  return [facts, '', ...aligned([header, ...rows.map(cells)]), '', ...rest(report), ''].join('\n')
}

/** For `docs/results`. */
export const markdownReport = (report: Report): string => {
  const { machine, rounds, rows } = report
  const line = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`
  return `# Training steps compared with PyTorch

Written by \`npm run bench -- --write\`. Compare ratios, not milliseconds: both sides were measured alternately, round by round, on one machine, each in its own process. The ratio is ours divided by PyTorch's; below 1 ours is faster.

${line(header)}
| --- |${' ---: |'.repeat(header.length - 1)}
${rows.map((row) => line(cells(row))).join('\n')}

- Batch 128 unless stated otherwise; medians of ${rounds} rounds, each with warm-up. The ratio is the median of the rounds' own ratios, with the smallest and the largest in brackets. MiB is the peak memory of the process.
- Ours is the whole step of a run through the operators, including the minibatch and the metrics; PyTorch's is \`pytorch_step.py\`, whose minibatch already exists. Images and weights are random: speed does not depend on them.
- If no stage changes the images, the teacher's logits are computed once per example. mnistNet's steps are from the second epoch and later; "first epoch" is the step that still computes them. PyTorch's step computes them each time, as the reference does. ResNet-18, whose images are usually augmented, computes them in each step on both sides.
${rest(report)
  .map((each) => `- ${each}`)
  .join('\n')}
- ${machine.cpu}, ${machine.cores} cores; Node ${machine.node}, pwoa ${machine.pwoa}, ${machine.engine.replace(/^engine: /, '')}; PyTorch ${machine.pytorch}.
`
}
