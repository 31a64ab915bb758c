/** Prints how `src` is laid out: files, their median length, short files, names a folder. `npm run layout [-- DIR]`. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..'), 'src')

const folders = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [join(folder, name), ...folders(join(folder, name))])

const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ name }) => join(folder, name))

const linesOf = (file) => readFileSync(file, 'utf8').trimEnd().split('\n').length

const counted = [root, ...folders(root)].map((folder) => ({ folder, lines: filesIn(folder).map(linesOf) }))
const lines = counted.flatMap((one) => one.lines).sort((a, b) => a - b)
const short = lines.filter((count) => count <= 10).length

const rows = [
  ['files', lines.length],
  ['lines', lines.reduce((sum, count) => sum + count, 0)],
  ['median lines', lines[Math.floor(lines.length / 2)]],
  ['longest file', lines.at(-1)],
  ['files of at most 10 lines', short],
]
const own = counted
  .filter((one) => one.lines.length > 0)
  .toSorted((a, b) => b.lines.length - a.lines.length)
  .map((one) => `${String(one.lines.length).padStart(4)}  src/${relative(root, one.folder)}`)
process.stdout.write(
  `${rows.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\nfiles a folder:\n${own.join('\n')}\n`,
)
