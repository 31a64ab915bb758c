import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { PwoaError } from '../../dsl/errors.js'
import { CalledAt } from '../../dsl/kit/calledAt.js'
import { shortPath } from './shortPath.js'

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

/** `file:line:column` of the first of the user's files in an exception's stack; undefined if it names no such file. */
export const placeInUserFile = (thrown: unknown): string | undefined => {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return undefined
  const bundled = thrown.stack.split('\n').find((line) => [...maps.keys()].some((url) => line.includes(url)))
  return bundled === undefined ? undefined : /\(?([^\s(]+:\d+:\d+)\)?$/.exec(originalPositions(bundled))?.[1]
}

/**
 * `file:line:column` of the user's code that something comes from.
 *
 * @param thrown an exception, whose stack may go through one of the user's files
 * @param at where the user's code passed the function that threw it to this package
 * @returns undefined if neither contains a position in the user's code
 */
export const placeOf = (thrown: unknown, at: CalledAt | undefined): string | undefined =>
  placeInUserFile(thrown) ?? placeInUserFile(at) ?? (at && callerIn(at))

/** The position in the first line of a stack, for a program that imports the package: its files are not bundled. */
const callerIn = ({ stack = '' }: CalledAt): string | undefined => {
  const [, file, position] = /^ +at (?:.*\()?(?:file:\/\/)?([^\s(]+?)(:\d+:\d+)\)?$/m.exec(stack) ?? []
  return file === undefined ? undefined : `${shortPath(file)}${position}`
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * Adds the position in the user's file that an error comes from, as a hint: if the error has no hint yet, or if the
 * position is where an operator was given to `pipe`, which nothing else in the error says.
 */
export const withSourcePosition = (error: PwoaError): PwoaError => {
  const place = placeInUserFile(error.cause)
  if (place === undefined || (error.hint !== undefined && !(error.cause instanceof CalledAt))) return error
  return { ...error, hint: [...(error.hint === undefined ? [] : [error.hint]), `That is in ${place}.`].join('\n') }
}
