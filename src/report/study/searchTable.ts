import * as t from 'io-ts'
import { objectCodec, optionalCodec, recordCodec } from '../../dsl/kit/codecOf.js'
import { countCodec } from '../../dsl/kit/figureCodecs.js'
import { drawnNamed } from '../../dsl/kit/radius.js'
import { formatPercent } from '../tables/format.js'
import type { Table } from '../tables/resultTable.js'
import { Spread } from './study.js'

const searchRow = t.intersection([
  objectCodec({
    /** All parameters except the seed. */
    params: recordCodec(t.union([t.number, t.string, t.boolean])),
    /** How many of its runs have reached this step. */
    seeds: countCodec,
    /** `done`, or why it has no result. */
    state: t.string,
    /** The training step of the metric. */
    step: countCodec,
    /** Accuracies under attacks of a finished point, over the seeds. */
    attacks: recordCodec(Spread),
  }),
  optionalCodec({
    /** The metric at that step, over the seeds. */
    metric: Spread,
    /** Accuracy of a finished point. */
    clean: Spread,
    /** Why a point was stopped, and where. */
    why: t.string,
  }),
])

/** A point of a search with all of its seeds. */
export interface SearchRow extends t.TypeOf<typeof searchRow> {}

const searchSummary = t.intersection([
  objectCodec({
    /** How the points were found and stopped, and what the results depend on: a sentence each. */
    notes: t.readonlyArray(t.string),
    /** The best first: the finished points, then those that came less far. */
    rows: t.readonlyArray(searchRow),
  }),
  optionalCodec({
    /** What the points are ranked by. */
    metric: t.string,
  }),
])

/** `search.json`: the points of a search, ranked. */
export interface SearchSummary extends t.TypeOf<typeof searchSummary> {}

/** The codec of {@link SearchSummary}. */
export const SearchSummary: t.Type<SearchSummary> = searchSummary

/**
 * The points of a search as text: means, and standard deviations over several seeds. The metric of a stopped point stands
 * in a column of its own, so that it is not taken for that of a finished one.
 */
export const searchTable = ({ metric = 'metric', rows }: SearchSummary): Table => {
  const params = [...new Set(rows.flatMap((row) => Object.keys(row.params)))]
  const attacks = [...new Set(rows.flatMap((row) => Object.keys(row.attacks)))]
  const columns: readonly Column[] = [
    ...params.map((name): Column => [name, (row) => valueOf(name, row)]),
    ['seeds', ({ seeds }) => (rows.some((row) => row.seeds > 1) ? String(seeds) : undefined)],
    ['state', ({ state }) => state],
    [metric, (row) => (row.state === 'done' ? drawn(row.metric, figure) : undefined)],
    ['clean', ({ clean }) => drawn(clean, formatPercent)],
    ...attacks.map((name): Column => [name, (row) => drawn(row.attacks[name], formatPercent)]),
    ['stopped', ({ why }) => why],
  ]
  const shown = columns.filter(([, cell]) => rows.some((row) => cell(row) !== undefined))
  return {
    header: shown.map(([name]) => name),
    rows: rows.map((row) => shown.map(([, cell]) => cell(row) ?? '–')),
  }
}

/** Title, and the cell of a row. A column whose cells are all undefined is left out. */
type Column = readonly [title: string, cell: (row: SearchRow) => string | undefined]

const valueOf = (name: string, { params }: SearchRow): string | undefined => {
  const value = params[name]
  return value === undefined ? undefined : drawnNamed(name, value)
}

const figure = (value: number): string => String(Number(value.toPrecision(4)))

const drawn = (spread: Spread | undefined, format: (value: number) => string): string | undefined => {
  if (!spread) return undefined
  return spread.deviation === undefined ? format(spread.mean) : `${format(spread.mean)} ± ${format(spread.deviation)}`
}
