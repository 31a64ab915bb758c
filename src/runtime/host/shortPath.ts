import { relative, resolve } from 'node:path'

/** A path as a person would type it: relative to the working folder where it lies in it. */
export const shortPath = (path: string): string => {
  const short = relative('', resolve(path))
  return short.startsWith('..') ? resolve(path) : short || '.'
}
