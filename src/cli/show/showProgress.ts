import type { RunEvent } from '../../dsl/events.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import { timeLeft } from '../../dsl/kit/timeLeft.js'
import type { RunHandle } from '../../dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import { formatCount, formatLoss, formatPercent, formatSeconds } from '../../report/tables/format.js'
import type { Colors } from '../draw/terminal.js'
import { eventLine } from './eventLines.js'
import type { Screen } from './screen.js'

/** Steps of a phase after which its time is estimated once, in a line that stays. */
const ESTIMATED_AFTER = 20

/** Seconds from which on it is. */
const WORTH_SAYING = 60

/**
 * Shows the progress of a run: a line for each event, and live the current step or batch with the time left.
 *
 * @param shown lines about engine and data that were shown already, so that the rows of a comparison don't repeat them
 */
export const showProgress = (run: RunHandle, screen: Screen, colors: Colors, shown = new Set<string>()): void => {
  let training = timeLeft()
  let left: number | undefined
  let steps = 0

  const handle = dispatchSome<RunEvent, [], void>({
    phase: () => {
      // Steps of another phase take another time.
      training = timeLeft()
      left = undefined
      steps = 0
    },
    evaluating: (event) => screen.live((columns) => drawEvaluating(event, columns, colors)),
  })
  run.metrics$.subscribe((metrics) => {
    left = training.at(metrics.step, metrics.steps, performance.now() / 1000)
    steps++
    if (steps === ESTIMATED_AFTER && left !== undefined && left >= WORTH_SAYING)
      screen.line(`  ${metrics.phase}: ${formatSeconds(left)} left, estimated after ${steps} steps`)
    screen.live((columns) => drawStep(metrics, left, columns, colors))
  })
  run.events$.subscribe((event) => {
    handle(event)
    const line = eventLine(event)
    if (line === undefined || shown.has(line)) return
    if (event.type === 'engine' || event.type === 'data') shown.add(line)
    screen.line(event.type === 'epoch' ? `${line}${drawLeft(left)}` : line)
  })
}

const drawStep = (
  { phase, epoch, epochs, step, steps, loss }: TrainingMetrics,
  left: number | undefined,
  columns: number,
  colors: Colors,
): string => {
  const figures = `loss ${formatLoss(loss)}${drawLeft(left)}`
  return drawBar(`  ${phase} ${epoch + 1}/${epochs}`, step / steps, figures, columns, colors)
}

const drawEvaluating = (
  { subject, attack, stage, done, total, robust, secondsLeft }: Extract<RunEvent, { type: 'evaluating' }>,
  columns: number,
  colors: Colors,
): string => {
  const name = attack === stage ? attack : `${attack} ${stage}`
  const examples = `${formatCount(Math.floor(done))}/${formatCount(total)}`
  const figures = `${examples}, ${formatPercent(robust)} robust${drawLeft(secondsLeft)}`
  return drawBar(`${subject} ${name}`, done / total, figures, columns, colors)
}

const drawLeft = (left: number | undefined): string =>
  left === undefined || left < 0.5 ? '' : `, ${formatSeconds(left)} left`

/** The most characters of a progress bar. */
const barWidth = 24

/** A name, a progress bar and figures; the bar is as long as the window allows. */
const drawBar = (name: string, share: number, figures: string, columns: number, colors: Colors): string => {
  const percent = `${String(Math.floor(100 * share)).padStart(3)} %`
  // A full line would move the cursor to the next one.
  const room = columns - 1 - [name, percent, figures].join('  ').length - ' '.length
  const width = Math.min(barWidth, Math.max(0, room))
  const filled = Math.round(width * Math.min(1, Math.max(0, share)))
  const bar = `${colors.cyan('━'.repeat(filled))}${colors.dim('─'.repeat(width - filled))}`
  return `${name}  ${bar} ${percent}  ${figures}`
}
