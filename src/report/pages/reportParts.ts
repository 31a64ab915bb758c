import type { Summary } from '../../dsl/pipeline/run.js'
import type { RunPlan } from '../figures/runRecord.js'
import type { RunFacts } from '../figures/runView.js'
import { type Html, html, scrolling } from '../html/html.js'
import { attackSettings, planPairs } from '../tables/attackSettings.js'
import { formatCount, formatPercent, formatSeconds } from '../tables/format.js'
import { dataOf } from '../tables/quote.js'
import { leading, type Table } from '../tables/resultTable.js'

/** A table of text; all columns except the first are figures. */
export const tableOf = (label: string, { header, rows }: Table): Html =>
  scrolling(
    label,
    html`<table>
<thead><tr>${header.map((title, i) => (title === '' ? html`<td></td>` : html`<th scope="col" class="${i === 0 ? 'label' : 'number'}">${title}</th>`))}</tr></thead>
<tbody>${rows.map(([label = '', ...cells]) => html`<tr><th scope="row">${label}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
</table>`,
  )

/** A table of pairs of a name and a text. */
export const facts = (label: string, pairs: readonly (readonly [name: string, value: string | Html])[]): Html =>
  scrolling(
    label,
    html`<table><tbody>${pairs.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="settings">${value}</td></tr>`)}</tbody></table>`,
  )

/** The most important figures of a run, in large print. */
export const tiles = (summary: Summary): Html => {
  const { after, before, parameters, masked, sparsity, seconds } = summary
  const of = after ?? before
  const [name] = of ? leading([of]) : []
  const then = (value: number | undefined): string | undefined =>
    after && before && value !== undefined ? `${formatPercent(value)} before` : undefined
  const all: readonly (readonly [string, string, string | undefined])[] = [
    ...(of && name !== undefined
      ? [[name, formatPercent(of.attacks[name] ?? 0), then(before?.attacks[name])] as const]
      : []),
    ...(of ? [['clean', formatPercent(of.clean), then(before?.clean)] as const] : []),
    ...(sparsity === undefined ? [] : [['sparsity', formatPercent(sparsity), 'of the prunable weights'] as const]),
    ...(parameters
      ? [
          [
            'parameters',
            formatCount(parameters.kept),
            `of ${formatCount(parameters.total)}${masked ? `; ${formatCount(masked.parameters)} by the mask alone` : ''}`,
          ] as const,
        ]
      : []),
    ['time', formatSeconds(seconds.total), `on ${dataOf(summary)}`],
  ]
  return html`<dl class="tiles">${all.map(([label, value, note]) => html`<div class="tile"><dt>${label}</dt><dd>${value}${note === undefined ? undefined : html`<span class="note">${note}</span>`}</dd></div>`)}</dl>`
}

/**
 * The attacks of the evaluation: robust accuracy after each stage, distance, time and settings; undefined without any.
 */
export const attackTable = (plan: RunPlan, { after, before }: Pick<Summary, 'after' | 'before'>): Html | undefined => {
  const details = (after ?? before)?.details ?? {}
  const settings = new Map(attackSettings(plan).map((attack) => [attack.name, attack.settings]))
  const names = Object.keys(details)
  if (names.length === 0) return undefined
  return scrolling(
    'Attacks',
    html`<table><thead><tr><th scope="col">attack</th><th scope="col">robust accuracy after each stage</th><th scope="col" class="number">mean perturbation</th><th scope="col" class="number">time</th><th scope="col">settings</th></tr></thead><tbody>${names.map(
      (name) => {
        const { stages = {}, seconds = 0, meanDistance, withoutGradient = {} } = details[name] ?? {}
        const passed = Object.entries(stages).map(
          ([stage, robust]) =>
            `${stage === name ? '' : `${stage} `}${formatPercent(robust)}${gradientNote(withoutGradient[stage])}`,
        )
        return html`<tr><th scope="row">${name}</th><td>${passed.join(', ')}</td><td class="number">${meanDistance === undefined ? '–' : meanDistance.toPrecision(3)}</td><td class="number">${formatSeconds(seconds)}</td><td class="settings">${settings.get(name) ?? ''}</td></tr>`
      },
    )}</tbody></table>`,
  )
}

const gradientNote = (share: number | undefined): string =>
  share === undefined ? '' : ` (no gradient on ${formatPercent(share)} of its examples)`

/** The stages with their options, and the plan's hash. */
export const planTable = (plan: RunPlan): Html => facts('Plan', [...planPairs(plan), ['plan', plan.hash]])

/** Engine and machine; one line for each part of a run that was resumed in another environment. */
export const environmentTable = ({ environments, engine }: RunFacts): Html => {
  const words = environments.map(({ environment: { pwoa, node, system, processor, cores, memory } }) =>
    [`pwoa ${pwoa}`, `Node ${node}`, system, processor, `${cores} cores`, `${(memory / 2 ** 30).toFixed(0)} GiB`].join(
      ' · ',
    ),
  )
  return facts('Environment', [
    ['engine', (engine ?? 'unknown').replace(/^engine: /, '')],
    ...environments.flatMap(({ at }, i) =>
      words[i] === words[i - 1] ? [] : [[i === 0 ? 'started' : 'resumed', `${dateOf(at)} · ${words[i]}`] as const],
    ),
  ])
}

/** Time by phase, and the median time of a training step in it. */
export const timeTable = ({ seconds, secondsPerStep }: Summary): Html =>
  tableOf('Time', {
    header: ['', 'time', 'median step'],
    rows: Object.entries(seconds).map(([name, value]) => [
      name,
      formatSeconds(value),
      secondsPerStep[name] === undefined ? '' : `${(1000 * secondsPerStep[name]).toFixed(1)} ms`,
    ]),
  })

const dateOf = (at: number): string => `${new Date(1000 * at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
