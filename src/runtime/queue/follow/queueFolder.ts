import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { valueOf, valueOfTask } from '../../../dsl/errors.js'
import { objectCodec, textCodec } from '../../../dsl/kit/codecOf.js'
import { readJsonFile } from '../../../io/files/jsonFile.js'
import { writeWhole } from '../../../io/files/writeWhole.js'

/** The file that gives a sweep's folder a number, so that two folders of one name have points of their own in a queue. */
const QUEUE_FILE = 'queue.json'

const queueFile = objectCodec({ number: textCodec('8 hexadecimal digits', /^[0-9a-f]{8}$/) })

/**
 * The number of a sweep's folder, which is drawn when the sweep is first enqueued.
 *
 * @throws FileError for a damaged file; WriteError
 */
export const numberOfFolder = async (folder: string): Promise<string> => {
  const file = join(folder, QUEUE_FILE)
  const hint = 'Remove the file: the sweep is then enqueued anew.'
  const found = valueOf(readJsonFile(queueFile, { stage: '--queue', file, hint }))
  if (found) return found.number
  const number = randomBytes(4).toString('hex')
  await valueOfTask(writeWhole(file, `${JSON.stringify({ number })}\n`, '--queue'))
  return number
}
