import { formatLoss, formatPercent } from '../src/report/format.js'
import { element, setAttribute, setText } from './element.js'
import type { Run, Runs } from './runs.js'
import { sparsityOf, stateOf } from './words.js'

/** The runs side by side, to be sorted and chosen from. */
export interface RunTable {
  readonly node: HTMLElement
  readonly draw: (runs: Runs, chosen: string | undefined) => void
}

type Value = number | string | undefined

interface Column {
  readonly title: string
  readonly value: (run: Run) => Value
  readonly text: (value: number) => string
}

const done = ({ head }: Run): Value => head && head.metrics.step / head.metrics.steps
const after = ({ facts }: Run) => facts?.measured.findLast(({ subject }) => subject === 'after')?.accuracies

const fixedColumns: readonly Column[] = [
  { title: 'run', value: ({ label }) => label, text: String },
  { title: 'state', value: stateOf, text: String },
  { title: 'training', value: done, text: formatPercent },
  { title: 'loss', value: ({ head }) => head?.metrics.loss, text: formatLoss },
  { title: 'sparsity', value: sparsityOf, text: formatPercent },
  { title: 'clean', value: (run) => after(run)?.clean, text: formatPercent },
]

/** @param choose told the id of the run that is chosen */
export const makeRunTable = (choose: (id: string) => void): RunTable => {
  const head = element('tr')
  const body = element('tbody')
  const table = element('table', {}, element('caption', { class: 'unseen' }, 'Runs'), element('thead', {}, head), body)
  const node = element(
    'section',
    {},
    element('h2', {}, 'Runs'),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Runs' }, table),
  )
  const rows = new Map<string, { readonly row: HTMLTableRowElement; readonly button: HTMLButtonElement }>()
  const titles = new Map<string, HTMLElement>()
  let columns: readonly Column[] = []
  let order: { readonly title: string; readonly direction: 'ascending' | 'descending' } | undefined
  let latest: { readonly runs: Runs; readonly chosen: string | undefined } | undefined

  const sortBy = (title: string): void => {
    const turned = order?.title === title && order.direction === 'descending'
    order = { title, direction: turned ? 'ascending' : 'descending' }
    if (latest) draw(latest.runs, latest.chosen)
  }
  const setColumns = (wanted: readonly Column[]): void => {
    if (wanted.map(({ title }) => title).join() === columns.map(({ title }) => title).join()) return
    columns = wanted
    for (const { title } of columns) {
      if (titles.has(title)) continue
      const cell = element(
        'th',
        { scope: 'col', class: fixedColumns.slice(0, 2).some((column) => column.title === title) ? '' : 'number' },
        element('button', { type: 'button', class: 'sort', onclick: () => sortBy(title) }, title),
      )
      titles.set(title, cell)
      head.appendChild(cell)
    }
  }
  const rowOf = ({ id }: Run) => {
    const known = rows.get(id)
    if (known) return known
    const button = element('button', { type: 'button', class: 'choose', onclick: () => choose(id) })
    const made = { row: element('tr', {}, element('th', { scope: 'row' }, button)), button }
    rows.set(id, made)
    return made
  }
  const draw = (runs: Runs, chosen: string | undefined): void => {
    latest = { runs, chosen }
    node.hidden = runs.size < 2
    setColumns([...fixedColumns, ...attackColumns(runs)])
    for (const { title } of columns)
      setAttribute(titles.get(title) ?? head, 'aria-sort', order?.title === title ? order.direction : 'none')
    const sorted = sortedBy(
      [...runs.values()],
      columns.find(({ title }) => title === order?.title),
      order?.direction,
    )
    for (const [place, run] of sorted.entries()) {
      const { row, button } = rowOf(run)
      setText(button, run.label)
      setAttribute(button, 'aria-pressed', String(run.id === chosen))
      setAttribute(row, 'class', run.id === chosen ? 'chosen' : '')
      for (const [i, column] of columns.slice(1).entries()) {
        const cell = row.cells[i + 1] ?? row.insertCell()
        const value = column.value(run)
        setAttribute(cell, 'class', typeof value === 'string' ? '' : 'number')
        setText(cell, typeof value === 'number' ? column.text(value) : (value ?? '–'))
      }
      // Moving a row takes the focus from its button.
      if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] ?? null)
    }
    while (body.rows.length > sorted.length) body.deleteRow(-1)
  }
  return { node, draw }
}

const attackColumns = (runs: Runs): readonly Column[] => {
  const names = new Set([...runs.values()].flatMap((run) => Object.keys(after(run)?.attacks ?? {})))
  return [...names].map((name) => ({
    title: name,
    value: (run: Run) => after(run)?.attacks[name],
    text: formatPercent,
  }))
}

/** What has no value comes last, whichever way. */
const sortedBy = (runs: readonly Run[], column: Column | undefined, direction = 'ascending'): readonly Run[] => {
  if (!column) return runs
  const sign = direction === 'ascending' ? 1 : -1
  return runs.toSorted((a, b) => {
    const [x, y] = [column.value(a), column.value(b)]
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined)
    return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y)))
  })
}
