import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as t from 'io-ts'
import { valueOf } from '../../dsl/errors.js'
import { objectCodec, wholeCodec } from '../../dsl/kit/codecOf.js'
import { readJsonFile } from '../../io/files/jsonFile.js'
import { withWriteError } from '../../io/files/writeWhole.js'
import { runFiles } from './folderNames.js'

const pageAddress = objectCodec({ port: wholeCodec('the number of a port', 0, 65535), token: t.string })

/** The address of a run's page. It is stored so that an open page reconnects after the run is resumed. */
export interface PageAddress extends t.TypeOf<typeof pageAddress> {}

/**
 * The address in a run folder; undefined if there is none.
 *
 * @throws FileError for a damaged one
 */
export const rememberedAddress = (folder: string): PageAddress | undefined =>
  valueOf(
    readJsonFile(pageAddress, {
      stage: '--ui',
      file: join(folder, runFiles.page),
      hint: 'Remove the file: the page then gets a new address.',
    }),
  )

/** Writes the address into a run folder, readable only by its owner: the token gives access. @throws WriteError */
export const rememberAddress = (folder: string, address: PageAddress): void => {
  const file = join(folder, runFiles.page)
  withWriteError('--ui', file, () => writeFileSync(file, `${JSON.stringify(address)}\n`, { mode: 0o600 }))
}
