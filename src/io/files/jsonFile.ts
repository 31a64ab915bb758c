import { readFileSync, statSync } from 'node:fs'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { Type } from 'io-ts'
import type { FileError } from '../../dsl/errors.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { repeatedKey } from '../../dsl/kit/repeatedKey.js'
import { wrongField } from '../../dsl/kit/wrongField.js'
import { toReadError } from './readWhole.js'
import { quoted, toFileError } from './refusal.js'
import { codeOf } from './thrown.js'

/** What is read, for errors. */
export interface JsonPlace {
  /** The reader or the option that asks. */
  readonly stage: string
  readonly file: string
  /** Number of the line, from 1, in a file of JSON lines. */
  readonly line?: number
  /** What the user can do if the contents are damaged, as a sentence. */
  readonly hint?: string
}

/** A value out of a file. A `FileError` names the first field that the codec refuses. */
export const decodeIn = <A>(codec: Type<A>, value: unknown, place: JsonPlace): Either<FileError, A> => {
  // `decode` keeps track of where it is, which takes several times as long. It is only needed to name what is wrong.
  if (codec.is(value)) return E.right(value)
  const decoded = codec.decode(value)
  if (E.isRight(decoded)) return decoded
  const { path, expected, actual } = wrongField(decoded.left)
  return E.left(damaged(place, path === '' ? expected : `${expected} as ${path}`, actual))
}

/** The same of a text. */
export const parseIn = <A>(codec: Type<A>, text: string, place: JsonPlace): Either<FileError, A> => {
  const value = parseJson(text)
  return value === undefined ? E.left(notJson(place)) : decodeIn(codec, value, place)
}

/** The error of a text that is not JSON. */
export const notJson = (place: JsonPlace): FileError => damaged(place, 'JSON', 'something else')

/** The most bytes of a JSON file that is read as a whole. */
const MOST_BYTES = 2 ** 28

/**
 * The value in a JSON file; undefined if there is no such file. A file in which an object has a name twice is damaged:
 * `JSON.parse` would take the last of them.
 */
export const readJsonFile = <A>(codec: Type<A>, place: JsonPlace): Either<FileError, A | undefined> => {
  try {
    const facts = statSync(place.file)
    // Opening a pipe would wait for ever; a folder is refused by the read.
    if (!facts.isFile() && !facts.isDirectory()) return E.left(damaged(place, 'a file', 'a device or a pipe'))
    if (facts.size > MOST_BYTES) return E.left(damaged(place, `at most ${MOST_BYTES} bytes`, `${facts.size}`))
    const text = readFileSync(place.file, 'utf8')
    const value = parseJson(text)
    if (value === undefined) return E.left(notJson(place))
    const repeated = repeatedKey(text)
    if (repeated !== undefined) return E.left(damaged(place, 'each name once', `${quoted(repeated)} twice`))
    return decodeIn(codec, value, place)
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(thrown)) ? E.right(undefined) : E.left(unreadable(place, thrown))
  }
}

/** The error of a file that can't be read. */
export const unreadable = ({ stage, file }: JsonPlace, thrown: unknown): FileError =>
  toReadError({ stage, file }, thrown) ?? toFileError({ stage, file }, thrown)

/** The error of a file whose contents are not what is expected. */
export const damaged = ({ line, ...place }: JsonPlace, expected: string, actual: string): FileError => ({
  _tag: 'FileError',
  ...place,
  expected: line === undefined ? expected : `${expected} in line ${line}`,
  actual,
})
