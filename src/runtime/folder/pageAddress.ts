import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { withWriteError } from '../../io/files/writeWhole.js'
import { readJson, runFiles } from './runFolder.js'

const pageAddress = t.type({ port: t.number, token: t.string })

/** Where a run's page was served: kept, so that a page that is open finds the run again when it is resumed. */
export type PageAddress = t.TypeOf<typeof pageAddress>

/** The address in a run folder, if there is one. */
export const rememberedAddress = (folder: string): PageAddress | undefined => {
  const found = pageAddress.decode(readJson(join(folder, runFiles.page)))
  return E.isRight(found) ? found.right : undefined
}

/** Writes the address into a run folder, for its owner's eyes: the token lets in whoever has it. */
export const rememberAddress = (folder: string, address: PageAddress): void => {
  const file = join(folder, runFiles.page)
  withWriteError('--ui', file, () => writeFileSync(file, `${JSON.stringify(address)}\n`, { mode: 0o600 }))
}
