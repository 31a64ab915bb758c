import { rmSync } from 'node:fs'
import { join } from 'node:path'
import * as t from 'io-ts'
import { objectCodec } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec } from '../../dsl/kit/figureCodecs.js'
import type { HalvingTask } from '../../math/successiveHalving.js'
import { openJournal } from '../folder/journalFile.js'

const logged = objectCodec({
  type: t.union([t.literal('begun'), t.literal('ended')]),
  point: countCodec,
  rung: countCodec,
  /** Seconds that the search had taken. */
  at: amountCodec,
})

/** A task that began or ended. */
export interface Logged extends t.TypeOf<typeof logged> {}

/** The order in which tasks of a search began and ended: on it depends which points go on asynchronously. */
export interface SearchLog {
  /** What earlier parts of the search have logged. */
  readonly earlier: readonly Logged[]
  readonly add: (type: Logged['type'], task: HalvingTask) => void
  /** Keeps only so many of the earlier entries. */
  readonly cut: (count: number) => void
  /** Seconds that the search has taken, earlier parts included. */
  readonly seconds: () => number
  readonly close: () => void
}

/** The first entry says which search the log is of. */
const HEAD = 'search'

/**
 * Opens the log in a sweep's folder. That of another search, such as one of other points, is replaced.
 *
 * @param search identifies the search: all that its decisions depend on
 * @throws FileError for a damaged log; WriteError
 */
export const openSearchLog = (folder: string, search: string): SearchLog => {
  const file = join(folder, 'search.journal.jsonl')
  let journal = openJournal(file)
  const restart = (): void => {
    journal.close()
    rmSync(file, { force: true })
    journal = openJournal(file)
    journal.add(HEAD, search)
  }
  if (journal.entries.get(HEAD) !== search) restart()
  const earlier = [...journal.entries.values()].filter(logged.is)
  const before = earlier.at(-1)?.at ?? 0
  const started = performance.now()
  const seconds = (): number => before + (performance.now() - started) / 1000
  const write = (entry: Logged): void => journal.add(String(journal.entries.size), entry)
  return {
    earlier,
    add: (type, { point, rung }) => write({ type, point, rung, at: seconds() }),
    cut: (count) => {
      if (count === earlier.length) return
      restart()
      earlier.slice(0, count).forEach(write)
    },
    seconds,
    close: () => journal.close(),
  }
}
