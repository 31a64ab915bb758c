import type { RunEvent } from '../dsl/events.js'
import type { RunHandle } from '../dsl/run.js'
import type { TrainingMetrics } from '../dsl/step.js'
import { timeLeft } from '../dsl/timeLeft.js'
import { formatCount, formatLoss, formatPercent, formatSeconds } from '../report/format.js'
import type { Colors } from './colors.js'
import { eventLine } from './eventLines.js'
import type { Screen } from './screen.js'

/**
 * Shows a run as it goes: a line per event that stays, and a passing one with the time left.
 *
 * @param told what was said of engine and data, so that the rows of a comparison don't repeat it
 */
export const showProgress = (run: RunHandle, screen: Screen, colors: Colors, told = new Set<string>()): void => {
  let training = timeLeft()
  let left: number | undefined

  const step = (metrics: TrainingMetrics): void => {
    left = training.at(metrics.step, metrics.steps, performance.now() / 1000)
    screen.live(() => drawStep(metrics, left, colors))
  }
  const handlers: { readonly [T in RunEvent['type']]?: (event: Extract<RunEvent, { type: T }>) => void } = {
    phase: () => {
      // Steps of another phase take another time.
      training = timeLeft()
      left = undefined
    },
    evaluating: (event) => screen.live(() => drawEvaluating(event, colors)),
  }
  run.metrics$.subscribe(step)
  run.events$.subscribe((event) => {
    // Each handler takes the events of its own type: the record's type says so, but not to an index by a union.
    const handler = handlers[event.type] as ((event: RunEvent) => void) | undefined
    handler?.(event)
    const line = eventLine(event)
    if (line === undefined || told.has(line)) return
    if (event.type === 'engine' || event.type === 'data') told.add(line)
    screen.line(event.type === 'epoch' ? `${line}${drawLeft(left)}` : line)
  })
}

const drawStep = (metrics: TrainingMetrics, left: number | undefined, colors: Colors): string => {
  const { phase, epoch, epochs, step, steps, loss } = metrics
  return `  ${phase} ${epoch + 1}/${epochs}  ${bar(step / steps, colors)}  loss ${formatLoss(loss)}${drawLeft(left)}`
}

const drawEvaluating = (event: Extract<RunEvent, { type: 'evaluating' }>, colors: Colors): string => {
  const { subject, attack, stage, done, total, robust, secondsLeft } = event
  const name = attack === stage ? attack : `${attack} ${stage}`
  const share = `${bar(done / total, colors)}  ${formatCount(Math.floor(done))}/${formatCount(total)}`
  return `${subject} ${name}  ${share}, ${formatPercent(robust)} left whole${drawLeft(secondsLeft)}`
}

const drawLeft = (left: number | undefined): string =>
  left === undefined || left < 0.5 ? '' : `, ${formatSeconds(left)} left`

const barWidth = 24

const bar = (share: number, colors: Colors): string => {
  const filled = Math.round(barWidth * Math.min(1, Math.max(0, share)))
  const percent = String(Math.floor(100 * share)).padStart(3)
  return `${colors.cyan('━'.repeat(filled))}${colors.dim('─'.repeat(barWidth - filled))} ${percent} %`
}
