import { missing } from '../../dsl/optionalPackages.js'
import { csvOf, jsonOf, type Results } from '../sweep/results.js'
import { type Cell, type ResultTable, typeOfColumn } from './resultTables.js'

/** The formats of `pwoa-run results`. */
export const resultFormats = ['csv', 'json', 'parquet', 'sqlite'] as const

/** One of them. */
export type ResultFormat = (typeof resultFormats)[number]

/** A table as the bytes of a file. */
export type Encode = (tables: readonly ResultTable[]) => Promise<Uint8Array>

const rowsOf = ({ columns, rows }: ResultTable): Results => ({
  columns: [...columns.keys()],
  rows: Array.from({ length: rows }, (_, index) => [...columns.values()].map((cells) => cells[index])),
})

const oneText =
  (draw: (results: Results) => string): Encode =>
  async (tables) =>
    Buffer.from(tables.map((table) => draw(rowsOf(table))).join(''))

/** What a text column has of a cell. */
const textOf = (cell: Cell): string | undefined => (cell === undefined ? undefined : String(cell))

const parquetTypes = { number: 'DOUBLE', boolean: 'BOOLEAN', text: 'STRING' } as const

/** Apache Parquet, by the library hyparquet-writer. One table only. @throws UsageError if it is not installed */
const parquet: Encode = async ([table]) => {
  const { parquetWriteBuffer } = await import('hyparquet-writer').catch(missing('--format', 'writing Parquet'))
  const columnData = [...(table?.columns ?? [])].map(([name, cells]) => {
    const type = typeOfColumn(cells)
    return { name, type: parquetTypes[type], nullable: true, data: type === 'text' ? cells.map(textOf) : [...cells] }
  })
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

const sqlTypes = { number: 'REAL', boolean: 'INTEGER', text: 'TEXT' } as const

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** SQLite, by the library sql.js: a table of the file for each table. @throws UsageError if the library is not installed */
const sqlite: Encode = async (tables) => {
  const { default: open } = await import('sql.js').catch(missing('--format', 'writing SQLite'))
  const { Database } = await open()
  const database = new Database()
  for (const table of tables) {
    const types = [...table.columns].map(([name, cells]) => `${quoted(name)} ${sqlTypes[typeOfColumn(cells)]}`)
    database.run(`CREATE TABLE ${table.name} (${types.join(', ')})`)
    const insert = database.prepare(`INSERT INTO ${table.name} VALUES (${types.map(() => '?').join(', ')})`)
    database.run('BEGIN')
    for (const row of rowsOf(table).rows) insert.run(row.map(sqlValue))
    database.run('COMMIT')
    insert.free()
  }
  return database.export()
}

const sqlValue = (cell: Cell): number | string | null => (typeof cell === 'boolean' ? Number(cell) : (cell ?? null))

/** The encoders of the formats. */
export const encoders: Readonly<Record<ResultFormat, Encode>> = {
  csv: oneText(csvOf),
  json: oneText(jsonOf),
  parquet,
  sqlite,
}
