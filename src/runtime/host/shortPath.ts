import { relative, resolve } from 'node:path'

/** A path for messages: relative if it is inside the working folder, else absolute. */
export const shortPath = (path: string): string => {
  const short = relative('', resolve(path))
  return short.startsWith('..') ? resolve(path) : short || '.'
}
