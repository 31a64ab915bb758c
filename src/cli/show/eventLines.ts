import type { RunEvent } from '../../dsl/events.js'
import type { Accuracies } from '../../dsl/figures.js'
import { dispatchSome } from '../../dsl/kit/dispatch.js'
import { drawnRadius } from '../../dsl/kit/radius.js'
import { formatCount, formatLoss, formatPercent, formatSeconds, formatShort } from '../../report/tables/format.js'
import { inFlags, stageInFlags } from '../draw/inFlags.js'

/** An event as one line of progress; undefined if it has none. */
export const eventLine = dispatchSome<RunEvent, [], string | undefined>({
  engine: ({ description }) => (description.startsWith('engine') ? description : `engine: ${description}`),
  data: ({ name, origin, train, test }) => {
    const altered = origin === 'recompressed' ? ' (recompressed)' : ''
    return `data: ${name}${altered}, ${formatCount(train)} training and ${formatCount(test)} test images`
  },
  network: ({ file, name, classes, parameters, normalisation }) =>
    `network: ${name}, ${formatCount(classes)} classes, ${formatCount(parameters)} parameters, normalisation ${normalisation}, from ${file}`,
  phase: ({ stage, phase, epochs }) => `${stage}: ${phase}, ${formatCount(epochs)} epoch${epochs === 1 ? '' : 's'}`,
  epoch: ({ phase, epoch, epochs, loss, terms, seconds }) => {
    const number = String(epoch + 1).padStart(String(epochs).length)
    return `  ${phase} ${number}/${epochs}  loss ${formatLoss(loss)}${drawTerms(terms)}  ${formatSeconds(seconds)}`
  },
  attacked: ({ subject, attack, stage, robust, broken, attacked, seconds }) => {
    if (attack === stage) return undefined
    const figure = `  ${subject} ${attack}: ${formatPercent(robust)}`
    if (attacked === 0) return `${figure}, nothing left for ${stage} to attack`
    const done = `${formatCount(broken)} of ${formatCount(attacked)}`
    return `${figure} after ${stage}, which broke ${done}  ${formatSeconds(seconds)}`
  },
  evaluation: ({ subject, accuracies }) =>
    `${subject === 'epoch' ? '  so far' : subject}: ${drawAccuracies(accuracies)}`,
  certified: ({ certificate: { subject, certified, unstable, norm, epsilon, examples } }) =>
    `${subject}: certified ${formatPercent(certified)} of ${formatCount(examples)} (${norm} ${drawnRadius(epsilon)}); ${formatPercent(unstable)} of the ReLUs unstable`,
  parameters: ({ counts: { kept, total } }) =>
    `parameters: ${formatCount(kept)} of ${formatCount(total)} kept (${formatPercent(kept / total)})`,
  sizes: ({ sizes: { before, after } }) => {
    const [from, to] = [before, after].map((layers) => layers.reduce((sum, { parameters }) => sum + parameters, 0))
    return `shrink: ${formatCount(from ?? 0)} parameters become ${formatCount(to ?? 0)}`
  },
  latency: ({ latency: { images, before, after } }) => {
    const [from, to] = [before, after].map(({ whole }) => (1e3 * whole).toFixed(1))
    return `shrink: ${formatCount(images)} images take ${to} ms, before ${from} ms`
  },
  own: ({ name, values, text }) => {
    const figures = Object.entries(values).map(([key, value]) => `${key} ${formatShort(value)}`)
    return `${name}: ${[text ?? [], figures.join(', ') || []].flat().join('  ')}`
  },
  device: ({ figures: { file, flash, ram } }) =>
    `${file}: at most ${formatCount(flash)} bytes of flash, ${formatCount(ram)} of RAM`,
  warning: ({ stage, message }) => `warning: ${stageInFlags(stage)}: ${inFlags(message)}`,
})

const drawTerms = (terms: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(terms).map(([name, value]) => `${name} ${formatLoss(value)}`)
  return parts.length < 2 ? '' : ` (${parts.join(', ')})`
}

const drawAccuracies = ({ clean, attacks }: Accuracies): string =>
  [['clean', clean] as const, ...Object.entries(attacks)]
    .map(([name, value]) => `${name} ${formatPercent(value)}`)
    .join('  ')
