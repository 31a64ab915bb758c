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
  exportsOf(source).map((exported) => ({ ...exported, file, where: `${pathOf(file)} ${exported.name}` })),
)
/** Declared options stand beside what takes them. */
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

  test('every operator and attack has an example and says what it throws', () => {
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

describe('the comment of an option', () => {
  /** Words for values that say more than their code. */
  const words: Readonly<Record<string, string>> = { allPhases: 'all', '[]': 'none' }
  const isWithDefault = (text: string, value: string): boolean =>
    text === value || [',', ':'].some((end) => text.startsWith(`${value}${end}`))
  const commentOf = (node: ts.Node): string | undefined => docOf(node).tags.get('default')?.trim().replace(/\s+/g, ' ')

  /** The last call of an option's code, `default` or `optional`, with what it is given. */
  const callOf = ({
    initializer,
  }: ts.PropertyAssignment): { readonly name: string; readonly given: ts.Expression } | undefined => {
    if (!ts.isCallExpression(initializer) || !ts.isPropertyAccessExpression(initializer.expression)) return undefined
    const [given, ...more] = initializer.arguments
    const { text: name } = initializer.expression.name
    return given && more.length === 0 && (name === 'default' || name === 'optional') ? { name, given } : undefined
  }
  const options = parsed.flatMap(({ file, source }) => {
    const found: { readonly where: string; readonly node: ts.PropertyAssignment }[] = []
    const visit = (node: ts.Node): void => {
      const declares = ts.isCallExpression(node) && node.expression.getText(source) === 'declareOptions'
      const [, fields] = declares ? node.arguments : []
      const all =
        fields && ts.isObjectLiteralExpression(fields) ? fields.properties.filter(ts.isPropertyAssignment) : []
      found.push(...all.map((one) => ({ where: `${pathOf(file)} ${one.name.getText(source)}`, node: one })))
      // Options that several declarations share are spread into them.
      if (ts.isPropertyAssignment(node) && callOf(node) && docOf(node).text !== '')
        found.push({ where: `${pathOf(file)} ${node.name.getText(source)}`, node })
      ts.forEachChild(node, visit)
    }
    visit(source)
    return [...new Map(found.map((one) => [one.node, one])).values()]
  })

  test('is there', () => {
    expect(options.length).toBeGreaterThan(60)
    expect(options.filter(({ node }) => docOf(node).text.trim() === '').map(({ where }) => where)).toEqual([])
  })

  test('has the default that is declared', () => {
    const wrong = options.flatMap(({ where, node }) => {
      const comment = commentOf(node)
      const call = callOf(node)
      if (!call) return comment === undefined ? [] : [`${where}: @default, but the option must be given`]
      const code = call.given.getText()
      const expected =
        ts.isStringLiteralLike(call.given) && call.name === 'optional' ? call.given.text : (words[code] ?? code)
      return comment !== undefined && isWithDefault(comment, expected.replace(/\s+/g, ' '))
        ? []
        : [`${where}: @default ${comment}, declared ${expected}`]
    })
    expect(wrong).toEqual([])
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
    /** One decoder of one format: its opcodes stay together. */
    const longer: ReadonlyMap<string, number> = new Map([['src/io/checkpoints/torch/unpickler.ts', 330]])
    const limit = (path: string): number => longer.get(path) ?? (path.startsWith('src/operators/') ? 140 : 250)
    const long = [...sourceFiles(), ...sourceFiles('page')].filter((file) => linesOf(file) > limit(pathOf(file)))
    expect(long.map((file) => `${pathOf(file)}: ${linesOf(file)} lines`)).toEqual([])
  })

  test('only the command, and the process of a point, print or exit', () => {
    const pointProcess = 'src/runtime/pointProcess/pointMain.ts'
    const loud = /^(console\.\w+|process\.(exit|exitCode|stdout|stderr|abort|kill))$/
    const offences = parsed
      .filter(({ file }) => !pathOf(file).startsWith('src/cli/') && pathOf(file) !== pointProcess)
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

  test('only a pipeline file has a default export', () => {
    const defaults = parsed.filter(({ source }) => source.statements.some(ts.isExportAssignment))
    expect(defaults.map(({ file }) => pathOf(file))).toEqual([])
  })
})
