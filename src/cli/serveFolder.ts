import { basename, resolve } from 'node:path'
import { followFolder } from '../ui/followFolder.js'
import { onInterrupt } from './onInterrupt.js'
import { openPage } from './openPage.js'
import type { Address } from './word.js'

/** Shows a run folder until it is interrupted. */
export const serveFolder = async (given: string, at: Address): Promise<string> => {
  const folder = resolve(given)
  const page = await openPage(basename(folder), at)
  const controller = new AbortController()
  const release = onInterrupt(() => controller.abort())
  try {
    await followFolder({ folder, show: page.show }, controller.signal)
  } finally {
    release()
    await page.close()
  }
  return ''
}
