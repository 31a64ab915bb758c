import type { Summary } from '../dsl/run.js'
import { attackSettings, settingsOf } from './attackSettings.js'
import { formatCount, formatPercent, formatSeconds } from './format.js'
import { type Html, html } from './html.js'
import { dataOf } from './quote.js'
import { leading, type Table } from './resultTable.js'
import type { RunPlan } from './runRecord.js'
import type { RunFacts } from './runView.js'
import { scrolling } from './scrolling.js'

/** A table of texts; all but the first column are figures. */
export const tableOf = (label: string, { header, rows }: Table): Html =>
  scrolling(
    label,
    html`<table>
<thead><tr>${header.map((title, i) => (title === '' ? html`<td></td>` : html`<th scope="col" class="${i === 0 ? 'label' : 'number'}">${title}</th>`))}</tr></thead>
<tbody>${rows.map(([label = '', ...cells]) => html`<tr><th scope="row">${label}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
</table>`,
  )

/** Pairs of a name and a text. */
export const facts = (label: string, pairs: readonly (readonly [name: string, value: string | Html])[]): Html =>
  scrolling(
    label,
    html`<table><tbody>${pairs.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="settings">${value}</td></tr>`)}</tbody></table>`,
  )

/** The figures that matter most, large. */
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
    ...(sparsity === undefined
      ? []
      : [['sparsity', formatPercent(sparsity), 'of the weights that may be pruned'] as const]),
    ...(parameters
      ? [
          [
            'parameters',
            formatCount(parameters.kept),
            `of ${formatCount(parameters.total)}${masked ? `; the mask alone keeps ${formatCount(masked.parameters)}` : ''}`,
          ] as const,
        ]
      : []),
    ['time', formatSeconds(seconds.total), `on ${dataOf(summary)}`],
  ]
  return html`<dl class="tiles">${all.map(([label, value, note]) => html`<div class="tile"><dt>${label}</dt><dd>${value}${note === undefined ? undefined : html`<span class="note">${note}</span>`}</dd></div>`)}</dl>`
}

/** The attacks of the evaluation: settings, what each stage left, time. */
export const attackTable = (plan: RunPlan, { after, before }: Pick<Summary, 'after' | 'before'>): Html | undefined => {
  const details = (after ?? before)?.details ?? {}
  const settings = new Map(attackSettings(plan).map((attack) => [attack.name, attack.settings]))
  const names = Object.keys(details)
  if (names.length === 0) return undefined
  return scrolling(
    'Attacks',
    html`<table><thead><tr><th scope="col">attack</th><th scope="col">robust after each stage</th><th scope="col" class="number">mean length</th><th scope="col" class="number">time</th><th scope="col">settings</th></tr></thead><tbody>${names.map(
      (name) => {
        const { stages = {}, seconds = 0, meanDistance } = details[name] ?? {}
        const passed = Object.entries(stages).map(
          ([stage, robust]) => `${stage === name ? '' : `${stage} `}${formatPercent(robust)}`,
        )
        return html`<tr><th scope="row">${name}</th><td>${passed.join(', ')}</td><td class="number">${meanDistance === undefined ? '–' : meanDistance.toPrecision(3)}</td><td class="number">${formatSeconds(seconds)}</td><td class="settings">${settings.get(name) ?? ''}</td></tr>`
      },
    )}</tbody></table>`,
  )
}

/** Stages with their options in force. */
export const planTable = ({ params, source, stages, seed, hash }: RunPlan): Html =>
  facts('Plan', [
    ...(Object.keys(params).length === 0 ? [] : [['parameters', settingsOf(params)] as const]),
    ['data', settingsOf({ source: source.name, ...source.config })],
    ...stages.map(({ stage, config }) => [stage, settingsOf(config)] as const),
    ['seed', String(seed)],
    ['plan', hash],
  ])

/** Where it was computed; a line for each part of a run that was resumed elsewhere. */
export const environmentTable = ({ environments, engine }: RunFacts): Html => {
  const words = environments.map(({ environment: { pwoa, node, system, processor, cores, memory } }) =>
    [`pwoa ${pwoa}`, `Node ${node}`, system, processor, `${cores} cores`, `${(memory / 2 ** 30).toFixed(0)} GiB`].join(
      ' · ',
    ),
  )
  return facts('Environment', [
    ['engine', (engine ?? 'unknown').replace(/^engine: /, '')],
    ...environments.flatMap(({ at }, i) =>
      words[i] === words[i - 1] ? [] : [[i === 0 ? 'began' : 'went on', `${dateOf(at)} · ${words[i]}`] as const],
    ),
  ])
}

/** Where the time went. */
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
