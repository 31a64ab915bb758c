import { basename, resolve } from 'node:path'
import { toPwoaError } from '../dsl/errors.js'
import { followFolder, lookAtFolder } from '../ui/followFolder.js'
import { makeShow } from '../ui/show.js'
import { drawError } from './drawError.js'
import { onInterrupt } from './onInterrupt.js'
import { openPage } from './openPage.js'
import type { Address } from './word.js'

/** Shows a run folder, with all the runs in it that can be read, until it is interrupted. */
export const serveFolder = async (folder: string, at: Address): Promise<string> => {
  const show = makeShow(basename(resolve(folder)))
  const told = new Set<string>()
  const failures: unknown[] = []
  const look = lookAtFolder({ folder, show, failed: (thrown) => void failures.push(thrown) })
  const tell = (): void => {
    for (const text of failures.splice(0).map((thrown) => drawError(toPwoaError('ui', thrown)))) {
      if (!told.has(text)) process.stderr.write(text)
      told.add(text)
    }
  }
  await look()
  if (failures.length > 0 && show.all(undefined).runs.length === 0) throw failures[0]
  tell()
  const page = await openPage(show, at)
  const controller = new AbortController()
  const release = onInterrupt(() => controller.abort())
  try {
    await followFolder(() => look().finally(tell), controller.signal)
  } finally {
    release()
    await page.close()
  }
  return ''
}
