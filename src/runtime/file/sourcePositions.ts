import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { PwoaError } from '../../dsl/errors.js'
import { shortPath } from '../host/shortPath.js'

const maps = new Map<string, { readonly folder: string; readonly map: SourceMap }>()

/** Remembers the source map of a module that was loaded from `url`, a file at `path`. */
export const rememberMap = (url: string, path: string, json: string): void =>
  void maps.set(url, {
    folder: dirname(path),
    map: new SourceMap(JSON.parse(json) as ConstructorParameters<typeof SourceMap>[0]),
  })

/** A stack trace with the positions in the user's files instead of those in the bundles. */
export const originalPositions = (stack: string): string =>
  [...maps].reduce(
    (text, [url, { folder, map }]) =>
      text.replace(new RegExp(`${escaped(url)}:(\\d+):(\\d+)`, 'g'), (bundled, line: string, column: string) => {
        const entry = map.findEntry(Number(line) - 1, Number(column) - 1)
        if (!('originalSource' in entry)) return bundled
        const file = shortPath(resolve(folder, entry.originalSource))
        return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
      }),
    stack,
  )

/** `file:line:column` of the first of the user's files in the stack of an exception; undefined if there is none. */
export const placeInUserFile = (thrown: unknown): string | undefined => {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return undefined
  const bundled = thrown.stack.split('\n').find((line) => [...maps.keys()].some((url) => line.includes(url)))
  return bundled === undefined ? undefined : /\(?([^\s(]+:\d+:\d+)\)?$/.exec(originalPositions(bundled))?.[1]
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Adds the position in the user's file that an error comes from, as a hint, if the error has no hint yet. */
export const withSourcePosition = (error: PwoaError): PwoaError => {
  const place = placeInUserFile(error.cause)
  return place === undefined || error.hint !== undefined ? error : { ...error, hint: `That is in ${place}.` }
}
