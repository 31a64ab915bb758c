import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { readWhole } from '../../io/files/readWhole.js'

/** More would make a report and a page heavy; what is left out is in the folder. */
const MOST_BYTES = 600_000

/** Whether a file of a run folder is a picture of adversarial examples, by its name. */
export const isPicture = (name: string): boolean => /^attacks[\w-]*\.svg$/.test(name)

/** The picture, as SVG; undefined where it is missing or too large to be shown. */
export const readPicture = async (folder: string, name: string): Promise<string | undefined> => {
  const bytes = await readWhole({ stage: 'run folder', file: join(folder, name) }, MOST_BYTES)()
  return E.isRight(bytes) ? Buffer.from(bytes.right).toString('utf8') : undefined
}
