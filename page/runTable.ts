import { formatCount, formatLoss, formatPercent } from '../src/report/tables/format.js'
import { element, setAttribute, setText } from './element.js'
import type { Run, Runs } from './runs.js'
import { sparsityOf, stateOf } from './words.js'

/** A table of all runs, to sort and to choose from. */
export interface RunTable {
  readonly node: HTMLElement
  /** Draws the rows, at most 200 unless the reader asked for all. @returns all runs in the order of the rows */
  readonly draw: (runs: Runs, chosen: string | undefined) => readonly Run[]
}

/** Options of {@link makeRunTable}. */
export interface TableOptions {
  /** Called with the id of the run that the reader chooses. */
  readonly choose: (id: string) => void
  /** Called if the reader changes the order: the table must be drawn again. */
  readonly reordered: () => void
}

/**
 * The most rows that are drawn before the reader asks for all: a browser takes as long to lay out a table again as it has
 * rows, and does so whenever the order changes.
 */
const FIRST = 200

type Value = number | string | undefined

interface Row {
  readonly row: HTMLTableRowElement
  readonly button: HTMLButtonElement
  /** What its cells after the first show. To ask the cells themselves takes long if there are many. */
  readonly texts: string[]
}

interface Column {
  /** Distinguishes a parameter from a figure of the same title. */
  readonly key: string
  readonly title: string
  readonly kind: 'words' | 'figures'
  readonly value: (run: Run) => Value
  readonly text: (value: number) => string
}

const done = ({ head }: Run): Value => head && head.metrics.step / head.metrics.steps

/** Accuracies after training, or before it if the run does not train. */
const measuredOf = ({ facts, head }: Run) =>
  facts?.measured.findLast(({ subject }) => subject === 'after' || (subject === 'before' && !head))?.accuracies

const words = (title: string, value: Column['value']): Column => ({
  key: title,
  title,
  kind: 'words',
  value,
  text: String,
})

const figures = (title: string, value: Column['value'], text: Column['text'] = formatPercent): Column => ({
  key: title,
  title,
  kind: 'figures',
  value,
  text,
})

const firstColumns = [words('run', ({ label }) => label), words('state', stateOf)]

const lastColumns = [
  figures('training', done),
  figures('loss', ({ head }) => head?.metrics.loss, formatLoss),
  figures('sparsity', sparsityOf),
  figures('clean', (run) => measuredOf(run)?.clean),
]

/** A table without rows. */
export const makeRunTable = ({ choose, reordered }: TableOptions): RunTable => {
  const head = element('tr')
  const body = element('tbody')
  const table = element('table', {}, element('caption', { class: 'unseen' }, 'Runs'), element('thead', {}, head), body)
  const more = element('button', { type: 'button', onclick: () => showAll() })
  const node = element(
    'section',
    { class: 'runs' },
    element('h2', {}, 'Runs'),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Runs' }, table),
    more,
  )
  const rows = new Map<string, Row>()
  const titles = new Map<string, HTMLElement>()
  let most = FIRST
  let order: { readonly key: string; readonly direction: 'ascending' | 'descending' } | undefined

  const sortBy = (key: string): void => {
    const turned = order?.key === key && order.direction === 'descending'
    order = { key, direction: turned ? 'ascending' : 'descending' }
    reordered()
  }
  const showAll = (): void => {
    most = Number.POSITIVE_INFINITY
    reordered()
  }
  const titleOf = ({ key, title, kind }: Column): HTMLElement => {
    const known = titles.get(key)
    if (known) return known
    const cell = element(
      'th',
      { scope: 'col', class: kind === 'words' ? '' : 'number' },
      element('button', { type: 'button', class: 'sort', onclick: () => sortBy(key) }, title),
    )
    titles.set(key, cell)
    return cell
  }
  const rowOf = ({ id }: Run) => {
    const known = rows.get(id)
    if (known) return known
    const button = element('button', { type: 'button', class: 'choose', onclick: () => choose(id) })
    const made = { row: element('tr', {}, element('th', { scope: 'row' }, button)), button, texts: [] }
    rows.set(id, made)
    return made
  }
  const draw = (runs: Runs, chosen: string | undefined): readonly Run[] => {
    node.hidden = runs.size < 2
    const columns = columnsOf([...runs.values()])
    for (const [place, column] of columns.entries()) {
      const title = titleOf(column)
      setAttribute(title, 'aria-sort', order?.key === column.key ? order.direction : 'none')
      if (head.cells[place] !== title) head.insertBefore(title, head.cells[place] ?? null)
    }
    while (head.cells.length > columns.length) head.deleteCell(-1)
    const sorted = sortedBy(
      [...runs.values()],
      columns.find(({ key }) => key === order?.key),
      order?.direction,
    )
    let next = body.firstElementChild
    for (const run of sorted.slice(0, most)) {
      const made = rowOf(run)
      const { row, button } = made
      setText(button, run.label)
      setAttribute(button, 'aria-pressed', String(run.id === chosen))
      setAttribute(row, 'class', run.id === chosen ? 'chosen' : '')
      fillCells(made, run, columns)
      // Only rows in a wrong place are moved, because moving takes the focus from the row's button.
      if (next === row) next = row.nextElementSibling
      else body.insertBefore(row, next)
    }
    while (next) {
      const after = next.nextElementSibling
      next.remove()
      next = after
    }
    const hidden = sorted.length - body.rows.length
    more.hidden = hidden <= 0
    setText(more, `Show ${formatCount(hidden)} more`)
    return sorted
  }
  return { node, draw }
}

const fillCells = ({ row, texts }: Row, run: Run, columns: readonly Column[]): void => {
  for (const [i, column] of columns.slice(1).entries()) {
    const cell = i < texts.length ? undefined : row.insertCell()
    const value = column.value(run)
    const text = typeof value === 'number' ? column.text(value) : (value ?? '–')
    if (cell === undefined && texts[i] === text) continue
    const filled = cell ?? row.cells[i + 1]
    if (!filled) continue
    setAttribute(filled, 'class', typeof value === 'string' ? '' : 'number')
    filled.textContent = text
    texts[i] = text
  }
  texts.length = columns.length - 1
  while (row.cells.length > columns.length) row.deleteCell(-1)
}

const columnsOf = (runs: readonly Run[]): readonly Column[] => {
  const attacks = new Set(runs.flatMap((run) => Object.keys(measuredOf(run)?.attacks ?? {})))
  return [
    ...firstColumns,
    ...parameterColumns(runs),
    ...lastColumns,
    ...[...attacks].map((name) => figures(name, (run) => measuredOf(run)?.attacks[name])),
  ]
}

const parameterColumns = (runs: readonly Run[]): readonly Column[] => {
  const names = new Set(runs.flatMap(({ params }) => Object.keys(params ?? {})))
  return [...names].map((name) => {
    const given = runs.every(({ params }) => ['number', 'undefined'].includes(typeof params?.[name]))
    const value = ({ params }: Run): Value => valueOf(params?.[name])
    return { ...(given ? figures(name, value, String) : words(name, value)), key: `parameter ${name}` }
  })
}

const valueOf = (parameter: number | string | boolean | undefined): Value =>
  typeof parameter === 'boolean' ? String(parameter) : parameter

/** Sorts runs by a column; runs without a value come last in both directions. */
const sortedBy = (runs: readonly Run[], column: Column | undefined, direction = 'ascending'): readonly Run[] => {
  if (!column) return runs
  const sign = direction === 'ascending' ? 1 : -1
  const keyed = runs.map((run) => ({ run, value: column.value(run) }))
  return keyed
    .toSorted(({ value: x }, { value: y }) => {
      if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined)
      const order = typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(String(x), String(y))
      return sign * order
    })
    .map(({ run }) => run)
}

/** Compares words as people do, `rate 4` before `rate 16`. It is made once: that takes as long as many comparisons. */
const collator = new Intl.Collator('en', { numeric: true })
