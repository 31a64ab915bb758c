import { createReadStream, statSync } from 'node:fs'
import type { Type } from 'io-ts'
import { PwoaFailure, valueOf } from '../../dsl/errors.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { damaged, decodeIn, notJson, unreadable } from '../../io/files/jsonFile.js'

const stage = 'run folder'
/** The most characters of a line. */
const MOST_CHARACTERS = 2 ** 26

/**
 * Yields the JSON lines of a file of any length, one by one. A missing file has no lines. A last line that is cut short,
 * as a killed run leaves it, is ignored.
 *
 * @throws FileError that names the line and the field, for a line that is not JSON or that the codec refuses
 */
export async function* readLines<A>(codec: Type<A>, file: string): AsyncGenerator<A> {
  const facts = statSync(file, { throwIfNoEntry: false })
  if (facts === undefined) return
  // Opening a pipe would wait for ever.
  if (!facts.isFile()) throw new PwoaFailure(damaged({ stage, file }, 'a file', 'a folder, a device or a pipe'))
  let broken: number | undefined
  let line = 0
  for await (const texts of lineGroups(file))
    for (const text of texts) {
      line += 1
      if (broken !== undefined) throw new PwoaFailure(notJson({ stage, file, line: broken }))
      if (text === '' || text === '\r') continue
      const value = parseJson(text)
      if (value === undefined) broken = line
      else yield codec.is(value) ? value : valueOf(decodeIn(codec, value, { stage, file, line }))
    }
}

/** The lines of a file, many at once: an asynchronous step for each line would take longer than parsing it. */
async function* lineGroups(file: string): AsyncGenerator<readonly string[]> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const [first, ...others] = String(chunk).split('\n')
      const lines = [`${rest}${first}`, ...others]
      rest = lines.pop() ?? ''
      if (rest.length > MOST_CHARACTERS) break
      yield lines
    }
  } catch (thrown) {
    throw new PwoaFailure(unreadable({ stage, file }, thrown))
  }
  if (rest.length > MOST_CHARACTERS)
    throw new PwoaFailure(damaged({ stage, file }, `lines of at most ${MOST_CHARACTERS} characters`, 'a longer one'))
  yield rest === '' ? [] : [rest]
}
