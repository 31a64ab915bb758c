import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import initSql from 'sql.js'
import { describe, expect, test } from 'vitest'
import { writeResults } from '../../src/cli/commands/writeResults.js'
import { parseArguments } from '../../src/cli/parseArguments.js'
import { pointTable, stepTable } from '../../src/runtime/results/resultTables.js'
import { temporaryFolder } from '../runtime/fakes.js'
import { needing, pandasAndDuckDb } from '../support/needs.js'
import { refusalOf } from '../support/refusalOf.js'

const sweep = join(import.meta.dirname, '..', 'fixtures', 'runs', 'sweep')

const copied = async (): Promise<string> => {
  const folder = join(temporaryFolder(), 'sweep')
  await cp(sweep, folder, { recursive: true })
  return folder
}

const records = ({ columns, rows }: ReturnType<typeof pointTable>) =>
  Array.from({ length: rows }, (_, index) =>
    Object.fromEntries([...columns].map(([name, cells]) => [name, cells[index] ?? null])),
  )

/** The first bytes of a file of a kind. */
const startOf = (file: string, length: number): string => readFileSync(file).subarray(0, length).toString('latin1')

const ask = async (more: Partial<Parameters<typeof writeResults>[0]>) => {
  const folder = await copied()
  const outcome = await writeResults({ folder, format: 'csv', table: 'points', out: undefined, ...more })
  return { folder, text: outcome.text ?? '' }
}

describe('pwoa-run results', () => {
  test('prints a row a point as JSON and CSV', async () => {
    const stored: unknown = JSON.parse(readFileSync(join(sweep, 'results.json'), 'utf8'))
    const { text } = await ask({ format: 'json' })
    expect(JSON.parse(text)).toEqual(stored)
    const csv = (await ask({})).text.split('\r\n')
    expect(csv[0]?.split(',')).toEqual([...pointTable(sweep, 'test').columns.keys()])
    expect(csv).toHaveLength(pointTable(sweep, 'test').rows + 2)
  })

  test.each(['points', 'steps'] as const)('writes the table of %s as Parquet, with all its cells', async (table) => {
    const { folder } = await ask({ format: 'parquet', table })
    const file = join(folder, 'results.parquet')
    expect(startOf(file, 4)).toBe('PAR1')
    const bytes = readFileSync(file)
    const read = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    const expected = records(table === 'points' ? pointTable(sweep, 'test') : await stepTable(sweep, 'test'))
    expect(
      read.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell ?? null]))),
    ).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
  })

  test('writes both tables as SQLite', async () => {
    const { folder, text } = await ask({ format: 'sqlite' })
    expect(text).toMatch(/results\.sqlite\n$/)
    const { Database } = await initSql()
    const database = new Database(readFileSync(join(folder, 'results.sqlite')))
    const count = (name: string): unknown => database.exec(`SELECT count(*) FROM ${name}`)[0]?.values[0]?.[0]
    expect([count('points'), count('steps')]).toEqual([
      pointTable(sweep, 'test').rows,
      (await stepTable(sweep, 'test')).rows,
    ])
    const [joined] = database.exec('SELECT count(DISTINCT p.key) FROM points p JOIN steps s ON s.key = p.key')
    expect(joined?.values[0]?.[0]).toBeGreaterThan(0)
    expect(existsSync(join(folder, 'results.parquet'))).toBe(false)
  })

  test('writes Parquet that pandas and DuckDB read', needing(pandasAndDuckDb), async () => {
    const { folder } = await ask({ format: 'parquet' })
    const script = `
import sys, json, pandas, duckdb
file = sys.argv[1]
frame = pandas.read_parquet(file)
rows = duckdb.sql(f"SELECT key FROM '{file}'").fetchall()
print(json.dumps([list(frame.columns), [row[0] for row in rows]]))`
    const read: unknown = JSON.parse(
      execFileSync('python3', ['-c', script, join(folder, 'results.parquet')], { encoding: 'utf8' }),
    )
    const { columns } = pointTable(sweep, 'test')
    expect(read).toEqual([[...columns.keys()], columns.get('key')])
  })

  test('refuses other formats and tables', () => {
    for (const option of ['--format', '--table'])
      expect(refusalOf(() => parseArguments(['results', sweep, option, 'xml']))).toMatchObject({ stage: option })
  })
})
