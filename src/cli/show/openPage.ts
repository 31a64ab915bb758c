import { randomBytes } from 'node:crypto'
import { readPageFiles } from '../../ui/pageFiles.js'
import { openPageServer } from '../../ui/pageServer.js'
import type { Show } from '../../ui/show.js'
import type { Address } from '../arguments/optionReaders.js'
import { printLine } from './print.js'

/** A page that is being served. */
export interface Page {
  readonly close: () => Promise<void>
}

/**
 * Serves a page and prints its address. The token in it is new at each start, and is written nowhere: a run folder may
 * come from somebody else, or be shared.
 *
 * @throws OptionError if the address is taken
 */
export const openPage = async (show: Show, { host, port }: Address): Promise<Page> => {
  const token = randomBytes(16).toString('base64url')
  const server = await openPageServer({ host, port, token, files: await readPageFiles(), show })
  printLine(process.stderr, `page: ${server.url}`)
  return { close: server.close }
}
