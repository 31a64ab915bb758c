import { printableLine } from '../../dsl/kit/printable.js'
import { formatCount, formatSeconds } from '../../report/tables/format.js'
import type { Table } from '../../report/tables/resultTable.js'
import type { RunCost } from '../../runtime/measure/costs.js'
import type { FileCost, MeasuredRun } from '../../runtime/measure/measureFile.js'
import { drawTableFor } from './stackTable.js'
import type { Colors } from './terminal.js'
import { wrapLine } from './text.js'

/** Where a measurement is shown, and for how many workers its time is shared out. */
interface Page {
  readonly colors: Colors
  /** Characters per line. */
  readonly width: number
  /** The cores of this machine. */
  readonly cores: number
  readonly workers: number
}

/** What the runs of a file take: a table for each kind of run, then the sum and the share of a worker. */
export const drawCosts = (cost: FileCost, page: Page): string => {
  const { colors, width, cores } = page
  const [first] = cost.measured
  if (!first) return ''
  const how = `measured here: ${cores} ${cores === 1 ? 'core' : 'cores'}, ${first.cost.engine}; a few steps of each phase and a batch of each attack`
  const tables = cost.measured.map((run) => drawRun(run, cost, page))
  const lines = [
    ...summary(cost, page),
    'An attack is taken to reach every image, and early stopping never to stop. An attack on a network that it breaks ends early: the teacher shows how long a robust one takes. Exports and checkpoints are not counted.',
  ]
  return [
    `\n${colors.bold(wrapped(how, width))}\n`,
    ...tables,
    ...lines.map((line) => `${wrapped(line, width)}\n`),
  ].join('\n')
}

const drawRun = ({ label, count, cost }: MeasuredRun, { runs }: FileCost, { width, colors }: Page): string => {
  const like = count === 1 ? '' : `, and ${formatCount(count - 1)} like it`
  const title = runs === 1 ? '' : `${colors.bold(printableLine(label))}${like}\n\n`
  return `${title}${drawTableFor(costTable(cost), width, colors)}`
}

/** What a run takes, part by part. */
export const costTable = ({ openSeconds, phases, evaluations, seconds, memory }: RunCost): Table => ({
  header: ['part', 'how often', 'seconds each', 'time', 'memory'],
  rows: [
    ['data', '1', openSeconds.toFixed(1), formatSeconds(openSeconds), ''],
    ...phases.map((phase) => [
      `${phase.phase}, ${phase.epochs} ${phase.epochs === 1 ? 'epoch' : 'epochs'}`,
      formatCount(phase.steps),
      each(phase.secondsPerStep),
      formatSeconds(phase.seconds),
      gigabytes(phase.memory),
    ]),
    ...evaluations.map((one) => [
      `${one.subject} ${one.attack === one.part ? one.attack : `${one.attack} ${one.part}`}`,
      formatCount(one.times * one.examples),
      each(one.seconds / one.examples),
      formatSeconds(one.times * one.seconds),
      gigabytes(one.memory),
    ]),
    ['in all', '', '', formatSeconds(seconds), gigabytes(memory)],
  ],
})

const summary = ({ runs, seconds, memory }: FileCost, { workers }: Page): readonly string[] => {
  if (runs === 1) return []
  const all = `${formatCount(runs)} runs: ${formatSeconds(seconds)} one after the other, ${gigabytes(memory)} each.`
  return workers === 1
    ? [all]
    : [
        `${all} With ${formatCount(workers)} workers ${formatSeconds(seconds / Math.min(workers, runs))}, if each has the cores and the memory of this machine.`,
      ]
}

/** Seconds of a step or an image, with three significant digits. */
const each = (seconds: number): string => (seconds === 0 ? '0' : seconds.toPrecision(3))

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

const wrapped = (text: string, width: number): string => wrapLine(text, width).join('\n')
