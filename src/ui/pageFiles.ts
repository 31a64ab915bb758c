import { join } from 'node:path'
import { valueOf } from '../dsl/errors.js'
import { readWhole } from '../io/files/readWhole.js'
import { style } from '../report/html/style.js'
import { ownRoot } from '../runtime/host/ownPlace.js'

/** The files of the page by name, with their media types. */
export type PageFiles = ReadonlyMap<string, { readonly type: string; readonly bytes: Uint8Array }>

const MOST_BYTES = 5_000_000

const types: readonly (readonly [name: string, type: string])[] = [
  ['index.html', 'text/html; charset=utf-8'],
  ['page.js', 'text/javascript; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
]

/**
 * Reads the page that the build made.
 *
 * @param folder the build's output. @default in this package
 * @throws FileError if a file is missing or larger than 5 MB
 */
export const readPageFiles = async (folder = join(ownRoot, 'dist', 'page')): Promise<PageFiles> => {
  const files = types.map(async ([name, type]) => {
    const bytes = valueOf(await readWhole({ stage: '--ui', file: join(folder, name) }, MOST_BYTES)())
    // The style that it shares with reports comes first, so that the page's own style overrides it.
    return [name, { type, bytes: name === 'page.css' ? joined(style, bytes) : bytes }] as const
  })
  return new Map(await Promise.all(files))
}

const joined = (text: string, bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(text), bytes])
