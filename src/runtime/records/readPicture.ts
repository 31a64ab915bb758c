import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { readWhole } from '../../io/files/readWhole.js'

/** Larger pictures would make reports and pages slow: they are only in the folder. */
const MOST_BYTES = 600_000

/** Whether a file of a run folder is a picture of adversarial examples, judged by its name. */
export const isPicture = (name: string): boolean => /^attacks[\w-]*\.svg$/.test(name)

/** A picture, as SVG; undefined if it is missing or too large to be shown. */
export const readPicture = async (folder: string, name: string): Promise<string | undefined> => {
  const bytes = await readWhole({ stage: 'run folder', file: join(folder, name) }, MOST_BYTES)()
  return E.isRight(bytes) ? Buffer.from(bytes.right).toString('utf8') : undefined
}
