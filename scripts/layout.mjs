/**
 * How `src` is laid out: files, their median length, short files, files in a folder, folders that import each other.
 * `npm run layout` prints the figures, `node scripts/layout.mjs FOLDER` those of another checkout, and
 * `node scripts/layout.mjs --write` writes them into docs/architecture.md, and its picture of the rooms.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { narrower, rooms } from '../.dependency-cruiser.mjs'
import { captionsOf, drawRooms } from './rooms.mjs'

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const PAGE = 'docs/architecture.md'
const PICTURE = 'docs/pictures/rooms.svg'

/** Files of more than this are many for one folder. */
const MANY = 20

/** The figures at commit 284a0b8, by this script. */
const before = {
  files: '586',
  'median lines of a file': '48',
  'files of at most 10 lines': '42',
  folders: '32',
  'median files of a folder': '13',
  'folders of more than 20 files':
    '11: runtime 62, io 57, training 51, attacks 43, cli 43, models 33, dsl 28, math 28, engine/kernels/wasm 27, report 24, operators 23',
  'pairs of folders that import each other': '12',
}

const slashed = (path) => path.split(sep).join('/')

/** The files of `src`, by their paths in it, with their texts. */
const readSources = (root) =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: slashed(name), text: readFileSync(join(root, 'src', name), 'utf8') }))

const folderOf = (path) => slashed(dirname(path))

const lineCount = (text) => text.trimEnd().split('\n').length

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** How many files each folder has, the fullest first; folders of folders only are left out. */
const foldersOf = (sources) => {
  const counts = new Map()
  for (const { path } of sources) counts.set(folderOf(path), (counts.get(folderOf(path)) ?? 0) + 1)
  return [...counts].toSorted(([a, some], [b, others]) => others - some || (a < b ? -1 : 1))
}

/** `from → to` for every folder with a file that imports one of another folder. */
const importsOf = (sources) =>
  new Set(
    sources.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)]
        .map(([, target]) => slashed(relative('.', join(dirname(path), target))))
        .filter((target) => !target.startsWith('..') && folderOf(target) !== folderOf(path))
        .map((target) => `${folderOf(path)} → ${folderOf(target)}`),
    ),
  )

const pairsIn = (imports) =>
  [...imports].filter((one) => {
    const [from, to] = one.split(' → ')
    return from < to && imports.has(`${to} → ${from}`)
  })

/** The figures of a checkout, by name, as texts. */
const figuresOf = (root) => {
  const sources = readSources(root)
  const lines = sources.map(({ text }) => lineCount(text))
  const folders = foldersOf(sources)
  const full = folders.filter(([, count]) => count > MANY)
  return {
    files: `${sources.length}`,
    'median lines of a file': `${median(lines)}`,
    'files of at most 10 lines': `${lines.filter((count) => count <= 10).length}`,
    folders: `${folders.length}`,
    'median files of a folder': `${median(folders.map(([, count]) => count))}`,
    'folders of more than 20 files': `${full.length}: ${full.map(([name, count]) => `${name} ${count}`).join(', ')}`,
    'pairs of folders that import each other': `${pairsIn(importsOf(sources)).length}`,
  }
}

const START = '<!-- layout: written by node scripts/layout.mjs --write -->'
const END = '<!-- layout end -->'

const tableOf = (figures) =>
  [
    '| in `src` | before (284a0b8) | now |',
    '|---|---|---|',
    ...Object.entries(figures).map(([name, now]) => `| ${name} | ${before[name]} | ${now} |`),
  ].join('\n')

/** What `--write` writes, by the files' paths in the checkout: the page with its figures, and the picture of the rooms. */
export const layoutFiles = (root = checkout) => {
  const page = readFileSync(join(root, PAGE), 'utf8')
  const [head, rest] = page.split(START)
  const [, tail] = rest.split(END)
  return {
    [PAGE]: `${head}${START}\n${tableOf(figuresOf(root))}\n${END}${tail}`,
    [PICTURE]: drawRooms(rooms, narrower, captionsOf(page)),
  }
}

const print = (root) => {
  const figures = Object.entries(figuresOf(root)).map(([name, value]) => `${name}: ${value}`)
  const folders = foldersOf(readSources(root)).map(
    ([name, count]) => `${String(count).padStart(4)}  ${join('src', name)}`,
  )
  process.stdout.write(`${figures.join('\n')}\n\nfiles of each folder:\n${folders.join('\n')}\n`)
}

const write = () => {
  for (const [file, text] of Object.entries(layoutFiles())) writeFileSync(join(checkout, file), text)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [argument] = process.argv.slice(2)
  if (argument === '--write') write()
  else print(resolve(argument ?? checkout))
}
