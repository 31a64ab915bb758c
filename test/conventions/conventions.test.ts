import { basename } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import {
  compile,
  docOf,
  exportsOf,
  importer,
  linesOf,
  pathOf,
  publicValues,
  readSource,
  sourceFiles,
} from './project.js'

/** Each test lists the offenders, so that a failure names them all. */

const parsed = sourceFiles().map((file) => ({ file, source: readSource(file) }))
const declarations = parsed.flatMap(({ file, source }) =>
  exportsOf(source).map((exported) => ({
    ...exported,
    file,
    where: `${pathOf(file)}:${exported.line} ${exported.name}`,
  })),
)

/** Every docstring of src, including those of members and of declarations that are not exported, by its place. */
const docstrings = parsed.flatMap(({ file, source }) => {
  const found: { readonly where: string; readonly text: string }[] = []
  const visit = (node: ts.Node): void => {
    for (const doc of ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)) {
      // A declaration's docstring belongs to its statement, too.
      if (doc.parent !== node) continue
      const { line } = source.getLineAndCharacterOfPosition(doc.getStart(source))
      found.push({ where: `${pathOf(file)}:${line + 1}`, text: ts.getTextOfJSDocComment(doc.comment) ?? '' })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
})
/** Declared options are in the same file as the function that takes them. */
const isDeclaration = ({ name }: { readonly name: string }): boolean => name.endsWith('Options')
const operators = declarations.filter(
  (one) => one.isValue && !isDeclaration(one) && pathOf(one.file).startsWith('src/operators/'),
)
const attacks = declarations.filter(
  ({ file, name }) =>
    pathOf(file).startsWith('src/attacks/') &&
    publicValues().some((value) => value.name === name && value.file === file),
)

describe('docstrings', () => {
  test('every public value has one', () => {
    const bare = publicValues().filter(({ name, file }) => {
      const declared = declarations.find((one) => one.file === file && one.name === name)
      return declared === undefined || docOf(declared.node).text.trim() === ''
    })
    expect(bare.map(({ name }) => name)).toEqual([])
  })

  test('every export of src has one, with words and not only tags', () => {
    expect(declarations.length).toBeGreaterThan(1000)
    const bare = declarations.filter(({ node }) => docOf(node).text.trim() === '')
    expect(bare.map(({ where }) => where)).toEqual([])
  })

  test('exports are marked at their declaration, not in a list', () => {
    const late = parsed.filter(({ source }) =>
      source.statements.some((one) => ts.isExportDeclaration(one) && !one.moduleSpecifier),
    )
    expect(late.map(({ file }) => pathOf(file))).toEqual([])
  })

  test('errors are @throws, not a sentence', () => {
    expect(docstrings.length).toBeGreaterThan(declarations.length)
    const prose = docstrings.filter(({ text }) => /(^|[.:;]\s+|\n\s*)(Throws|Errors:)/.test(text))
    expect(prose.map(({ where, text }) => `${where}: ${text}`)).toEqual([])
  })

  test('every operator and attack has an example and a @throws', () => {
    const wanting = [...operators, ...attacks].flatMap(({ node, where }) => {
      const { tags } = docOf(node)
      return ['example', 'throws'].filter((tag) => !tags.get(tag)?.trim()).map((tag) => `${where}: no @${tag}`)
    })
    expect(wanting).toEqual([])
  })

  test('every example compiles', () => {
    const examples = declarations.flatMap(({ node, name, file }) => {
      const example = docOf(node).tags.get('example')
      return example === undefined ? [] : [{ name, file, example }]
    })
    expect(examples.length).toBeGreaterThan(operators.length)
    const withImports = importer()
    const modules = examples.map(({ name, file, example }): [string, string] => [
      `example-${basename(file, '.ts')}-${name}.ts`,
      withImports(example),
    ])
    expect(compile(new Map(modules))).toEqual([])
  })
})

describe('files', () => {
  test('an operator file exports one value, named as the file', () => {
    const wrong = sourceFiles('src/operators').filter((file) => {
      const values = operators.filter((operator) => operator.file === file).map(({ name }) => name)
      return values.length !== 1 || values[0] !== basename(file, '.ts')
    })
    expect(wrong.map(pathOf)).toEqual([])
  })

  test('files are short', () => {
    /** One decoder of one format stays together. */
    const longer: ReadonlyMap<string, number> = new Map([['src/io/checkpoints/torch/unpickler.ts', 330]])
    const limit = (path: string): number => longer.get(path) ?? (path.startsWith('src/operators/') ? 140 : 250)
    const long = [...sourceFiles(), ...sourceFiles('page')].filter((file) => linesOf(file) > limit(pathOf(file)))
    expect(long.map((file) => `${pathOf(file)}: ${linesOf(file)} lines`)).toEqual([])
  })

  test('only the command, and what runs or ends the process of a point, print, exit or send signals', () => {
    const ofPoints = ['pointMain.ts', 'parentWatch.ts', 'processGroup.ts'].map(
      (name) => `src/runtime/pointProcess/${name}`,
    )
    const loud = /^(console\.\w+|process\.(exit|exitCode|stdout|stderr|abort|kill))$/
    const offences = parsed
      .filter(({ file }) => !pathOf(file).startsWith('src/cli/') && !ofPoints.includes(pathOf(file)))
      .flatMap(({ file, source }) => {
        const found: string[] = []
        const visit = (node: ts.Node): void => {
          if (ts.isPropertyAccessExpression(node) && loud.test(node.getText(source))) {
            found.push(`${pathOf(file)}: ${node.getText(source)}`)
          }
          ts.forEachChild(node, visit)
        }
        visit(source)
        return found
      })
    expect(offences).toEqual([])
  })

  test('one file of the command writes to streams: it escapes control characters in names', () => {
    const writes = /^((process\.)?(stdout|stderr|stream))\.write$/
    const found = parsed
      .filter(({ file }) => pathOf(file).startsWith('src/cli/') && pathOf(file) !== 'src/cli/show/print.ts')
      .flatMap(({ file, source }) => {
        const places: string[] = []
        const visit = (node: ts.Node): void => {
          if (ts.isPropertyAccessExpression(node) && writes.test(node.getText(source)))
            places.push(`${pathOf(file)}: ${node.getText(source)}`)
          ts.forEachChild(node, visit)
        }
        visit(source)
        return places
      })
    expect(found).toEqual([])
  })

  test('only a pipeline file has a default export', () => {
    const defaults = parsed.filter(({ source }) => source.statements.some(ts.isExportAssignment))
    expect(defaults.map(({ file }) => pathOf(file))).toEqual([])
  })
})
