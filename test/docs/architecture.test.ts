/** What docs/architecture.md states about the code, held to the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { layoutFiles } from '../../scripts/layout.mjs'
import { root } from '../../scripts/setup.mjs'
import { inlineCode, readPage } from './markdown.js'

const page = 'docs/architecture.md'
const text = readPage(page)

const foldersIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

/** The rows of the table of rooms. */
const rooms = [...text.matchAll(/^\| `(\w+)` \|.*\|([^|]*)\|$/gm)].map(([, room = '', folders = '']) => ({
  room,
  folders: [...folders.matchAll(/`([\w-]+)\/`/g)].map(([, name]) => name),
}))

/** The parts of the page, each with its heading. */
const parts = text.split(/^##+ /m)

const waysBefore = [
  { way: 'A minibatch', stops: 30 },
  { way: 'A checkpoint', stops: 22 },
  { way: 'An attack', stops: 24 },
  { way: 'A point of a sweep', stops: 32 },
]

describe('the page about the architecture', () => {
  test.for(Object.entries(layoutFiles()))('has the figures and rooms of the code: %s', ([file, written]) => {
    const current = readFileSync(join(root, file), 'utf8')
    expect(current, 'out of date: run node scripts/layout.mjs --write').toBe(written)
  })

  test('names only files and folders that exist', () => {
    const paths = inlineCode(page).filter(
      (code) => /^\.?\w[\w./-]*$/.test(code) && /\/|\.(ts|mjs)$/.test(code) && !/^[\w-]+\/$/.test(code),
    )
    expect(paths.length).toBeGreaterThan(80)
    expect(paths.filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, 'src', path)))).toEqual([])
  })

  test('has every room of src, and every folder of each', () => {
    expect(rooms.map(({ room }) => room).sort()).toEqual(foldersIn('src'))
    for (const { room, folders } of rooms) expect(folders.toSorted(), room).toEqual(foldersIn(`src/${room}`))
  })

  test.for(waysBefore)('$way: a third fewer stops than before, numbered in order', ({ way, stops }) => {
    const part = parts.find((one) => one.startsWith(way)) ?? ''
    const numbers = [...part.matchAll(/^(\d+)\. `[\w./-]+\.ts`/gm)].map(([, number]) => Number(number))
    expect(numbers.length).toBeGreaterThan(10)
    expect(3 * numbers.length).toBeLessThanOrEqual(2 * stops)
    expect(numbers).toEqual(Array.from(numbers, (_, i) => i + 1))
  })
})
