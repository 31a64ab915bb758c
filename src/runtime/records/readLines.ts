import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { PwoaFailure } from '../../dsl/errors.js'

/**
 * Hands over each JSON line of a file in turn, however long the file. One that is missing has no lines; a last line
 * that is cut short, as a killed run leaves it, is none.
 *
 * Throws a `FileError` for a line that is no JSON.
 */
export async function* readLines<T>(file: string): AsyncGenerator<T> {
  if (!existsSync(file)) return
  let broken: number | undefined
  let number = 0
  for await (const line of createInterface({
    input: createReadStream(file, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number += 1
    if (broken !== undefined) throw notJson(file, broken)
    if (line === '') continue
    const value = parsed<T>(line)
    if (value === undefined) broken = number
    else yield value
  }
}

const parsed = <T>(line: string): T | undefined => {
  try {
    return JSON.parse(line) as T
  } catch {
    return undefined
  }
}

const notJson = (file: string, line: number): PwoaFailure =>
  new PwoaFailure({
    _tag: 'FileError',
    stage: 'run folder',
    file,
    expected: 'a line of JSON for each step or event',
    actual: `something else in line ${line}`,
  })
