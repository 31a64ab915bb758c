import type { RunFacts } from '../src/report/figures/runView.js'
import { formatCount, formatPercent, formatSeconds } from '../src/report/tables/format.js'
import { element } from './element.js'

/** A table of text: the first column is a label, the others are figures. */
export const tableOf = (
  caption: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement =>
  element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', { class: 'unseen' }, caption),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          header.map((title, i) => element('th', { scope: 'col', class: i === 0 ? '' : 'number' }, title)),
        ),
      ),
      element(
        'tbody',
        {},
        rows.map(([label = '', ...cells]) =>
          element(
            'tr',
            {},
            element('th', { scope: 'row' }, label),
            cells.map((cell) => element('td', { class: 'number' }, cell)),
          ),
        ),
      ),
    ),
  )

/** The evaluations in the order of the run. */
export const accuracyTable = (measured: RunFacts['measured']): HTMLElement => {
  const attacks = [...new Set(measured.flatMap(({ accuracies }) => Object.keys(accuracies.attacks)))]
  return tableOf(
    'Accuracies',
    ['evaluation', 'after step', 'clean', ...attacks, 'images'],
    measured.map(({ subject, step, accuracies }) => [
      subject === 'epoch' ? 'during training' : subject,
      formatCount(step),
      formatPercent(accuracies.clean),
      ...attacks.map((name) => percentOf(accuracies.attacks[name])),
      formatCount(accuracies.examples),
    ]),
  )
}

const percentOf = (value: number | undefined): string => (value === undefined ? '–' : formatPercent(value))

/** The results of each attack. */
export const attackedTable = ({ attacked }: Pick<RunFacts, 'attacked'>): HTMLElement =>
  tableOf(
    'Attacks',
    ['attack', 'evaluation', 'broken', 'attacked', 'robust after it', 'time'],
    attacked.map(({ subject, attack, stage, robust, attacked: given, broken, seconds, withoutGradient = 0 }) => [
      attack === stage ? attack : `${attack}: ${stage}`,
      subject,
      formatCount(broken),
      formatCount(given),
      `${formatPercent(robust)}${withoutGradient === 0 ? '' : ` (no gradient on ${formatCount(withoutGradient)})`}`,
      formatSeconds(seconds),
    ]),
  )

/** A table of pairs of a name and a text. */
export const factsTable = (caption: string, pairs: readonly (readonly [string, string])[]): HTMLElement =>
  element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', { class: 'unseen' }, caption),
      element(
        'tbody',
        {},
        pairs.map(([name, value]) =>
          element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value)),
        ),
      ),
    ),
  )
