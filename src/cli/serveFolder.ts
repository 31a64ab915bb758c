import { basename, resolve } from 'node:path'
import { followFolder, showFolder } from '../ui/followFolder.js'
import { makeShow } from '../ui/show.js'
import { onInterrupt } from './onInterrupt.js'
import { openPage } from './openPage.js'
import type { Address } from './word.js'

/** Shows a run folder until it is interrupted. */
export const serveFolder = async (folder: string, at: Address): Promise<string> => {
  const show = makeShow(basename(resolve(folder)))
  await showFolder({ folder, show })
  const page = await openPage(show, at)
  const controller = new AbortController()
  const release = onInterrupt(() => controller.abort())
  try {
    await followFolder({ folder, show }, controller.signal)
  } finally {
    release()
    await page.close()
  }
  return ''
}
