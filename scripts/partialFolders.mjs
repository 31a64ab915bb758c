/** Folders of set-ups that are under way: they go when the set-up ends, also if it is interrupted. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const underWay = new Set()

/** A new folder `<place>.partial-…`, beside the place that it will be renamed to. */
export const partialFolder = (place) => {
  mkdirSync(dirname(place), { recursive: true })
  const folder = mkdtempSync(join(dirname(place), `${basename(place)}.partial-`))
  underWay.add(folder)
  return folder
}

/** Deletes it, if it was not renamed. */
export const discard = (folder) => {
  underWay.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

/** Deletes those of this process. */
export const discardAll = () => underWay.forEach(discard)

const ABANDONED_MS = 6 * 3600_000

/** Deletes those whose set-up was killed. One that is under way changes its folder more often than that. */
export const discardAbandoned = (parent) => {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name)
    const isAbandoned = name.includes('.partial-') && Date.now() - statSync(path).mtimeMs > ABANDONED_MS
    if (isAbandoned) rmSync(path, { recursive: true, force: true })
  }
}
