import { tryCatch } from 'fp-ts/lib/TaskEither.js'
import type { DataContext, DataSource, Dataset } from './dataset.js'
import { toPwoaError } from './errors.js'

/** A data set of one's own: as a {@link DataSource}, but `open` returns a promise, which rejects if that fails. */
export interface OwnDataSource extends Omit<DataSource, 'open'> {
  /** Finds and reads the files. */
  readonly open: (context: DataContext) => Promise<Dataset>
}

/** The source whose `open` returns a task, whichever it returns. A promise that rejects becomes an error of the source. */
export const dataSourceOf = (source: DataSource | OwnDataSource): DataSource => ({
  ...source,
  open: (context) => {
    const opened = source.open(context)
    if (typeof opened === 'function') return opened
    return tryCatch(
      () => opened,
      (thrown) => toPwoaError(source.name, thrown),
    )
  },
})
