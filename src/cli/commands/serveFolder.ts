import { basename, resolve } from 'node:path'
import { toPwoaError } from '../../dsl/errors.js'
import { followFolder, lookAtFolder } from '../../ui/followFolder.js'
import { makeShow } from '../../ui/show.js'
import type { Address } from '../arguments/optionReaders.js'
import { drawError } from '../draw/drawError.js'
import { onInterrupt } from '../show/onInterrupt.js'
import { openPage } from '../show/openPage.js'
import { print } from '../show/print.js'

/**
 * Serves a page about the runs in a folder until it is interrupted. Prints one error for each run that can't be read.
 *
 * @throws FileError if no run in the folder can be read
 */
export const serveFolder = async (folder: string, at: Address): Promise<void> => {
  const show = makeShow(basename(resolve(folder)))
  const printed = new Set<string>()
  const failures: unknown[] = []
  const look = lookAtFolder({ folder, show, failed: (thrown) => void failures.push(thrown) })
  const printFailures = (): void => {
    for (const text of failures.splice(0).map((thrown) => drawError(toPwoaError('ui', thrown)))) {
      if (!printed.has(text)) void print(process.stderr, text)
      printed.add(text)
    }
  }
  await look()
  if (failures.length > 0 && show.all(undefined).runs.length === 0) throw failures[0]
  printFailures()
  const page = await openPage(show, at)
  const controller = new AbortController()
  const release = onInterrupt(() => controller.abort())
  try {
    await followFolder(() => look().finally(printFailures), controller.signal)
  } finally {
    release()
    await page.close()
  }
}
