import { randomBytes } from 'node:crypto'
import { toPwoaError } from '../../dsl/errors.js'
import { rememberAddress, rememberedAddress } from '../../runtime/folder/pageAddress.js'
import { readPageFiles } from '../../ui/pageFiles.js'
import { openPageServer, type PageServer } from '../../ui/pageServer.js'
import type { Show } from '../../ui/show.js'
import type { Address } from '../arguments/optionReaders.js'
import { drawError } from '../draw/drawError.js'
import { print, printLine } from './print.js'

/** A page that is being served. */
export interface Page {
  /** Writes its address into a run folder, so that a resumed run has the same one. */
  readonly keepIn: (folder: string) => void
  readonly close: () => Promise<void>
}

/**
 * Serves a page and prints its address. A resumed run gets its earlier address if that is free.
 *
 * @param resumed the folder of the run that is resumed
 * @throws UsageError if the address is taken
 */
export const openPage = async (show: Show, { host, port }: Address, resumed?: string): Promise<Page> => {
  const earlier = resumed === undefined ? undefined : rememberedAddress(resumed)
  const token = earlier?.token ?? randomBytes(16).toString('base64url')
  const files = await readPageFiles()
  const open = (wanted: number): Promise<PageServer> => openPageServer({ host, port: wanted, token, files, show })
  const server = await (port === 0 && earlier ? open(earlier.port).catch(() => open(0)) : open(port))
  printLine(process.stderr, `page: ${server.url}`)
  return {
    keepIn: (folder) => {
      try {
        rememberAddress(folder, { port: server.port, token })
      } catch (thrown) {
        void print(process.stderr, drawError(toPwoaError('--ui', thrown)))
      }
    },
    close: server.close,
  }
}
