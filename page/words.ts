import type { Accuracies } from '../src/dsl/figures.js'
import type { RunFacts, RunHead } from '../src/report/figures/runView.js'
import { formatCount, formatLoss, formatPercent, formatSeconds } from '../src/report/tables/format.js'
import type { Run } from './runs.js'

/** The state of a run, in a word. */
export const stateOf = ({ facts }: Run): string => {
  const state = facts?.state ?? 'starting'
  return state === 'stopped' ? 'not finished' : state
}

/** What a run is doing, in a line. */
export const activityOf = ({ facts, head }: Run): string => {
  if (facts?.state === 'waiting') return 'Not started yet.'
  if (facts?.error !== undefined) return facts.error
  if (facts?.state === 'failed') return 'Failed. The terminal of the sweep shows the reason.'
  if (facts?.state === 'done') return 'Finished.'
  if (facts?.state === 'stopped') return 'Interrupted, or running in another process. It can be resumed.'
  if (facts?.evaluating) {
    const { subject, attack, stage, done, total, robust, secondsLeft } = facts.evaluating
    const name = attack === stage ? attack : `${attack} ${stage}`
    return `Evaluation ${subject}, ${name}: ${formatCount(Math.floor(done))} of ${formatCount(total)}, ${formatPercent(robust)} robust so far${leftOf(secondsLeft)}`
  }
  if (!head) return facts?.engine ? 'Loading data …' : 'Starting …'
  const { phase, epoch, epochs, step, steps } = head.metrics
  if (step >= steps) return 'Training is finished.'
  return `Phase ${phase}, epoch ${epoch + 1} of ${epochs}${leftOf(head.secondsLeft)}`
}

const leftOf = (seconds: number | undefined): string =>
  seconds === undefined || seconds < 0.5 ? '' : `, ${formatSeconds(seconds)} left`

/** Figures that change during a run: name, value, note. */
export const figuresOf = (run: Run): readonly (readonly [string, string, string])[] => {
  const { facts, head, plan } = run
  return [...(head ? trainingFigures(head, plan?.source.batchSize) : []), ...(facts ? resultFigures(facts) : [])]
}

const trainingFigures = ({ metrics, stepsPerSecond }: RunHead, batchSize: number | undefined) => {
  const { step, steps, loss, learningRate, seconds } = metrics
  const speed = stepsPerSecond ?? (seconds > 0 ? 1 / seconds : undefined)
  return [
    ['training', formatPercent(step / steps), `step ${formatCount(step)} of ${formatCount(steps)}`],
    ['loss', formatLoss(loss), `learning rate ${learningRate.toPrecision(3)}`],
    [
      'speed',
      speed === undefined ? '–' : `${speed.toFixed(1)} steps/s`,
      speed === undefined || batchSize === undefined ? '' : `${formatCount(Math.round(speed * batchSize))} images/s`,
    ],
  ] as const
}

const resultFigures = ({ admm, counts, measured }: RunFacts) => {
  const rho = admm.at(-1)?.rho
  const last = measured.at(-1)
  return [
    ...(rho === undefined ? [] : [['ρ', String(Number(rho.toPrecision(3))), 'ADMM penalty'] as const]),
    ...(counts === undefined
      ? []
      : ([
          [
            'sparsity',
            formatPercent(1 - counts.prunableKept / Math.max(1, counts.prunable)),
            `${formatCount(counts.kept)} of ${formatCount(counts.total)} parameters kept`,
          ],
        ] as const)),
    ...(last === undefined
      ? []
      : [[`accuracy ${last.subject}`, formatPercent(last.accuracies.clean), attacksOf(last.accuracies)] as const]),
  ]
}

const attacksOf = ({ attacks }: Accuracies): string =>
  Object.entries(attacks)
    .map(([name, value]) => `${name} ${formatPercent(value)}`)
    .join(' · ')

/** The current share of zeros in the layers; undefined if it is not known yet. */
export const sparsityOf = ({ facts, weights }: Run): number | undefined => {
  const counts = facts?.counts
  if (counts && counts.prunable > 0) return 1 - counts.prunableKept / counts.prunable
  const layers = weights.at(-1)?.layers
  if (!layers) return undefined
  const size = layers.reduce((sum, layer) => sum + layer.size, 0)
  return layers.reduce((sum, layer) => sum + layer.zeros, 0) / Math.max(1, size)
}
