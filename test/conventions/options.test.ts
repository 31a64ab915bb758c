/** The comment over an option is its help, in editors and in the documentation: it states the declared default. */
import ts from 'typescript'
import { expect, test } from 'vitest'
import { docOf, pathOf, readSource, sourceFiles } from './project.js'

/** An option in the source: its place, for a failure's list, and the node that declares it. */
interface Declared {
  readonly where: string
  readonly node: ts.PropertyAssignment
}

/** The last call of an option's code, if it is `default` or `optional`, with its argument. */
const callOf = ({ initializer }: ts.PropertyAssignment) => {
  if (!ts.isCallExpression(initializer) || !ts.isPropertyAccessExpression(initializer.expression)) return undefined
  const [given, ...more] = initializer.arguments
  const { text: name } = initializer.expression.name
  return given && more.length === 0 && (name === 'default' || name === 'optional') ? { name, given } : undefined
}

/** The properties of the object that a call of `declareOptions` is given. */
const fieldsIn = (node: ts.Node, source: ts.SourceFile): readonly ts.PropertyAssignment[] => {
  if (!ts.isCallExpression(node) || node.expression.getText(source) !== 'declareOptions') return []
  const [, fields] = node.arguments
  return fields && ts.isObjectLiteralExpression(fields) ? fields.properties.filter(ts.isPropertyAssignment) : []
}

/** Options that several declarations share are in objects that are spread into them. */
const isShared = (node: ts.Node): node is ts.PropertyAssignment =>
  ts.isPropertyAssignment(node) && callOf(node) !== undefined && docOf(node).text !== ''

const optionsIn = (file: string): readonly Declared[] => {
  const source = readSource(file)
  const found = new Set<ts.PropertyAssignment>()
  const visit = (node: ts.Node): void => {
    for (const field of fieldsIn(node, source)) found.add(field)
    if (isShared(node)) found.add(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found].map((node) => ({ where: `${pathOf(file)} ${node.name.getText(source)}`, node }))
}

const options = sourceFiles().flatMap(optionsIn)

/** The @default of a comment; undefined if the comment has no @default. */
const commented = (node: ts.Node): string | undefined => docOf(node).tags.get('default')?.trim().replace(/\s+/g, ' ')

/** Words for defaults whose code explains less. */
const words: Readonly<Record<string, string>> = { allPhases: 'all', '[]': 'none' }

/** The required beginning of the comment; undefined for an option without a default. */
const declared = (node: ts.PropertyAssignment): string | undefined => {
  const call = callOf(node)
  if (!call) return undefined
  if (ts.isStringLiteralLike(call.given) && call.name === 'optional') return call.given.text
  const code = call.given.getText().replace(/\s+/g, ' ')
  return words[code] ?? code
}

/** Whether the comment begins with the declared default, followed at most by an explanation. */
const agrees = (comment: string, expected: string): boolean =>
  comment === expected || [',', ':', ';', ' '].some((end) => comment.startsWith(`${expected}${end}`))

test('every option has a comment', () => {
  expect(options.length).toBeGreaterThan(100)
  expect(options.filter(({ node }) => docOf(node).text.trim() === '').map(({ where }) => where)).toEqual([])
})

test('the @default of a comment is the declared default', () => {
  const wrong = options.flatMap(({ where, node }) => {
    const [comment, expected] = [commented(node), declared(node)]
    const right = comment === undefined || expected === undefined ? comment === expected : agrees(comment, expected)
    return right ? [] : [`${where}: @default ${comment}, declared ${expected}`]
  })
  expect(wrong).toEqual([])
})
