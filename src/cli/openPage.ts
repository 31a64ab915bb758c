import { randomBytes } from 'node:crypto'
import { toPwoaError } from '../dsl/errors.js'
import { rememberAddress, rememberedAddress } from '../runtime/folder/pageAddress.js'
import { readPageFiles } from '../ui/pageFiles.js'
import { openPageServer, type PageServer } from '../ui/pageServer.js'
import type { Show } from '../ui/show.js'
import { drawError } from './drawError.js'
import type { Address } from './word.js'

/** A page for whoever sits before the terminal. */
export interface Page {
  /** Keeps its address in a run folder, for when the run is resumed. */
  readonly keepIn: (folder: string) => void
  readonly close: () => Promise<void>
}

/**
 * Opens a page and says where. One that shows a run again has the address that it had, if that is free.
 *
 * @param again the folder of that run
 */
export const openPage = async (show: Show, { host, port }: Address, again?: string): Promise<Page> => {
  const earlier = again === undefined ? undefined : rememberedAddress(again)
  const token = earlier?.token ?? randomBytes(16).toString('base64url')
  const files = await readPageFiles()
  const open = (wanted: number): Promise<PageServer> => openPageServer({ host, port: wanted, token, files, show })
  const server = await (port === 0 && earlier ? open(earlier.port).catch(() => open(0)) : open(port))
  process.stderr.write(`page: ${server.url}\n`)
  return {
    keepIn: (folder) => {
      try {
        rememberAddress(folder, { port: server.port, token })
      } catch (thrown) {
        process.stderr.write(drawError(toPwoaError('--ui', thrown)))
      }
    },
    close: server.close,
  }
}
