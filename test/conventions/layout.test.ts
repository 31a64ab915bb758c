import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { linesOf, pathOf, readSource, sourceFiles } from './project.js'

/** The layout of src: sizes of folders and files, and which folders import which. */

const files = sourceFiles()

/** The folders that a file imports from, with the file: `src/a → src/b`. */
const foldersImported = (file: string): readonly string[] =>
  readSource(file).statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
    const specifier = statement.moduleSpecifier
    if (!specifier || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return []
    return [pathOf(dirname(join(dirname(file), specifier.text)))]
  })

const graph = new Map<string, Set<string>>()
for (const file of files) {
  const folder = pathOf(dirname(file))
  const known = graph.get(folder) ?? new Set()
  for (const other of foldersImported(file)) if (other !== folder && other.startsWith('src')) known.add(other)
  graph.set(folder, known)
}

/** The folders of one cycle, from a folder back to itself; undefined if there is no cycle. */
const cycleFrom = (start: string): readonly string[] | undefined => {
  const waiting = [[start]]
  const seen = new Set<string>()
  for (let path = waiting.shift(); path; path = waiting.shift()) {
    for (const next of graph.get(path.at(-1) ?? '') ?? []) {
      if (next === start) return [...path, start]
      if (seen.has(next)) continue
      seen.add(next)
      waiting.push([...path, next])
    }
  }
  return undefined
}

describe('folders', () => {
  test('import one way: none imports itself through others', () => {
    expect(graph.size).toBeGreaterThan(50)
    const cycles = [...graph.keys()].flatMap((folder) => cycleFrom(folder)?.join(' → ') ?? [])
    expect(cycles).toEqual([])
  })

  test('hold at most 20 files, unless all are of one kind, one a file', () => {
    /** Operators, kernels, functions of mathematics. */
    const ofOneKind = ['src/operators', 'src/engine/kernels/wasm', 'src/math']
    const count = (folder: string): number => files.filter((file) => pathOf(dirname(file)) === folder).length
    const full = [...graph.keys()].filter((folder) => !ofOneKind.includes(folder) && count(folder) > 20)
    expect(full.map((folder) => `${folder}: ${count(folder)} files`)).toEqual([])
  })

  test('of the tests have the names of those of src, or names of their own in a list', () => {
    const own = [
      'conventions',
      'docs',
      'fixtures',
      'fuzz',
      'golden',
      'laws',
      'package',
      'page',
      'scripts',
      'support',
      'types',
    ]
    const places = new Set(sourceFiles('test').map((file) => relative('test', pathOf(dirname(file)))))
    const lost = [...places].filter((place) => !own.includes(place.split('/')[0] ?? '') && !graph.has(`src/${place}`))
    expect(lost.filter((place) => ![...graph.keys()].some((folder) => folder.startsWith(`src/${place}/`)))).toEqual([])
  })
})

test('fewer than ten files have at most ten lines', () => {
  const short = files.filter((file) => linesOf(file) <= 10)
  expect(short.map(pathOf).slice(9)).toEqual([])
})
