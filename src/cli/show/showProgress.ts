import { dispatchSome } from '../../dsl/dispatch.js'
import type { RunEvent } from '../../dsl/events.js'
import type { RunHandle } from '../../dsl/run.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import { timeLeft } from '../../dsl/timeLeft.js'
import { formatCount, formatLoss, formatPercent, formatSeconds } from '../../report/format.js'
import type { Colors } from '../draw/terminal.js'
import { eventLine } from './eventLines.js'
import type { Screen } from './screen.js'

/**
 * Shows the progress of a run: a line for each event, and live the current step or batch with the time left.
 *
 * @param shown lines about engine and data that were shown already, so that the rows of a comparison don't repeat them
 */
export const showProgress = (run: RunHandle, screen: Screen, colors: Colors, shown = new Set<string>()): void => {
  let training = timeLeft()
  let left: number | undefined

  const handle = dispatchSome<RunEvent, [], void>({
    phase: () => {
      // Steps of another phase take another time.
      training = timeLeft()
      left = undefined
    },
    evaluating: (event) => screen.live(() => drawEvaluating(event, colors)),
  })
  run.metrics$.subscribe((metrics) => {
    left = training.at(metrics.step, metrics.steps, performance.now() / 1000)
    screen.live(() => drawStep(metrics, left, colors))
  })
  run.events$.subscribe((event) => {
    handle(event)
    const line = eventLine(event)
    if (line === undefined || shown.has(line)) return
    if (event.type === 'engine' || event.type === 'data') shown.add(line)
    screen.line(event.type === 'epoch' ? `${line}${drawLeft(left)}` : line)
  })
}

const drawStep = (metrics: TrainingMetrics, left: number | undefined, colors: Colors): string => {
  const { phase, epoch, epochs, step, steps, loss } = metrics
  return `  ${phase} ${epoch + 1}/${epochs}  ${drawBar(step / steps, colors)}  loss ${formatLoss(loss)}${drawLeft(left)}`
}

const drawEvaluating = (event: Extract<RunEvent, { type: 'evaluating' }>, colors: Colors): string => {
  const { subject, attack, stage, done, total, robust, secondsLeft } = event
  const name = attack === stage ? attack : `${attack} ${stage}`
  const share = `${drawBar(done / total, colors)}  ${formatCount(Math.floor(done))}/${formatCount(total)}`
  return `${subject} ${name}  ${share}, ${formatPercent(robust)} robust${drawLeft(secondsLeft)}`
}

const drawLeft = (left: number | undefined): string =>
  left === undefined || left < 0.5 ? '' : `, ${formatSeconds(left)} left`

/** Characters of a progress bar. */
const barWidth = 24

const drawBar = (share: number, colors: Colors): string => {
  const filled = Math.round(barWidth * Math.min(1, Math.max(0, share)))
  const percent = String(Math.floor(100 * share)).padStart(3)
  return `${colors.cyan('━'.repeat(filled))}${colors.dim('─'.repeat(barWidth - filled))} ${percent} %`
}
