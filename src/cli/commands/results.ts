import { argument, option, textOption, withDefault } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'
import { usageFailure } from '../arguments/usageFailure.js'

const formats = ['csv', 'json', 'parquet', 'sqlite'] as const

const tables = ['points', 'steps'] as const

const oneOf =
  <const W extends string>(stage: string, words: readonly W[]) =>
  (text: string): W => {
    const found = words.find((word) => word === text)
    if (found !== undefined) return found
    throw usageFailure({ stage, expected: `one of ${words.join(', ')}`, actual: `"${text}"` })
  }

/** `pwoa-run results DIR` */
export const results = subcommand(
  {
    name: 'results',
    summary: 'writes the figures of a sweep for other tools',
    description:
      'Writes the figures of a sweep, or the steps of all its runs, as one table for pandas, DuckDB, spreadsheets and databases. A file of SQLite has both tables.',
  },
  {
    folder: argument('<DIR>', 'the folder of a sweep, a comparison or a run'),
    format: withDefault(
      'csv',
      option('--format <name>', `${formats.join(', ')} (default: csv)`, oneOf('--format', formats)),
    ),
    table: withDefault(
      'points',
      option(
        '--table <name>',
        'points: a row a point; steps: a row a training step (default: points)',
        oneOf('--table', tables),
      ),
    ),
    out: textOption(
      '--out <file>',
      'the file (default: for csv and json, the terminal; else results.<format>, in DIR)',
    ),
  },
  async (asked) => (await import('./writeResults.js')).writeResults(asked),
)
