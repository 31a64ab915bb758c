import { basename, resolve } from 'node:path'
import { followFolder, lookAtFolder } from '../ui/followFolder.js'
import { makeShow } from '../ui/show.js'
import { onInterrupt } from './onInterrupt.js'
import { openPage } from './openPage.js'
import type { Address } from './word.js'

/** Shows a run folder, with all the runs in it, until it is interrupted. */
export const serveFolder = async (folder: string, at: Address): Promise<string> => {
  const show = makeShow(basename(resolve(folder)))
  const look = lookAtFolder({ folder, show })
  await look()
  const page = await openPage(show, at)
  const controller = new AbortController()
  const release = onInterrupt(() => controller.abort())
  try {
    await followFolder(look, controller.signal)
  } finally {
    release()
    await page.close()
  }
  return ''
}
