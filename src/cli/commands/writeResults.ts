import { join } from 'node:path'
import { valueOfTask } from '../../dsl/errors.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { shortPath } from '../../runtime/host/shortPath.js'
import { pointTable, type ResultTable, stepTable } from '../../runtime/results/resultTables.js'
import { encoders, type ResultFormat } from '../../runtime/results/writeTables.js'
import type { Outcome } from '../arguments/outcome.js'

/** What `pwoa-run results` asks for. */
export interface ResultsRequest {
  readonly folder: string
  readonly format: ResultFormat
  readonly table: ResultTable['name']
  readonly out: string | undefined
}

/** Formats that are text. */
const texts: readonly ResultFormat[] = ['csv', 'json']

/**
 * Writes the tables of a folder.
 *
 * @throws OptionError for a folder without a plan; FileError for damaged files; WriteError
 */
export const writeResults = async ({ folder, format, table, out }: ResultsRequest): Promise<Outcome> => {
  const stage = 'results'
  const steps = format === 'sqlite' || table === 'steps' ? [await stepTable(folder, stage)] : []
  const points = format === 'sqlite' || table === 'points' ? [pointTable(folder, stage)] : []
  const bytes = await encoders[format]([...points, ...steps])
  if (out === undefined && texts.includes(format)) return { text: Buffer.from(bytes).toString('utf8'), code: 0 }
  const file = out ?? join(folder, `results.${format}`)
  await valueOfTask(writeWhole(file, bytes, stage))
  return { text: `${shortPath(file)}\n`, code: 0 }
}
