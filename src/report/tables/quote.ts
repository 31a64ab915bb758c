import type { Accuracies } from '../../dsl/figures.js'
import { enginesOf, type Summary } from '../../dsl/pipeline/run.js'
import type { RunRecord } from '../figures/runRecord.js'
import { attackSettings } from './attackSettings.js'
import { formatCount, formatPercent } from './format.js'
import { gradientNotes, missingGradients } from './gradientNotes.js'
import { leading } from './resultTable.js'

/**
 * A sentence that quotes a run's figures with what makes them comparable: data, attack, seed, engine and plan.
 *
 * @returns undefined if the run is not finished or has no evaluation
 */
export const quoteOf = (record: RunRecord): string | undefined => {
  const { summary, plan, figures } = record
  const of = summary?.after ?? summary?.before
  if (!summary || !of) return undefined
  const [name] = leading([of])
  const settings = attackSettings(plan).find((attack) => attack.name === name)?.brief
  const attack = name === undefined ? '' : ` (${[name, settings].filter(Boolean).join(': ')})`
  const version = figures.facts().environments.at(-1)?.environment.pwoa
  return [
    `${summary.pipeline} on ${dataOf(summary)}, ${formatCount(of.examples)} test images${attack}: ${accuraciesOf(of, name)}`,
    ...(summary.sparsity === undefined
      ? []
      : [`, ${formatPercent(summary.sparsity)} of the prunable weights are zero`]),
    ...(summary.after && summary.before ? [`; before: ${accuraciesOf(summary.before, name)}`] : []),
    ...gradientNotes(missingGradients([of])).map((note) => `; ${note}`),
    `. Seed ${summary.seed}, engine ${enginesOf(summary).join(' and ')}${version === undefined ? '' : `, pwoa ${version}`}, plan ${plan.hash.slice(0, 12)}.`,
  ].join('')
}

/** Name of the data, with a label if it is recompressed: shown with every figure. */
export const dataOf = ({ data }: Pick<Summary, 'data'>): string =>
  data.origin === 'recompressed' ? `${data.name} (recompressed)` : data.name

const accuraciesOf = ({ clean, attacks }: Accuracies, name: string | undefined): string =>
  [
    `clean ${formatPercent(clean)}`,
    ...(name === undefined || attacks[name] === undefined ? [] : [`${name} ${formatPercent(attacks[name])}`]),
  ].join(', ')
