import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { nonEmpty } from '../support/expectEvery.js'
import { pathOf, readSource, sourceFiles } from './project.js'

/** Each test lists the offenders, so that a failure names them all. */

const sources = nonEmpty(sourceFiles('test').map((file) => ({ path: pathOf(file), source: readSource(file) })))

/** The nodes of all tests that satisfy `isOne`, by their place. */
const placesOf = (isOne: (node: ts.Node, source: ts.SourceFile) => boolean): readonly string[] =>
  sources.flatMap(({ path, source }) => {
    const found: string[] = []
    const visit = (node: ts.Node): void => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      if (isOne(node, source)) found.push(`${path}:${line + 1}`)
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found
  })

/** The argument of `expect(…)`; undefined for another node. */
const expected = (node: ts.Node): ts.Expression | undefined =>
  ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'expect'
    ? node.arguments[0]
    : undefined

const isCallOf = (node: ts.Node | undefined, names: readonly string[]): boolean =>
  node !== undefined &&
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  names.includes(node.expression.name.text)

describe('a test', () => {
  test('reports which value breaks a rule: expectEvery(list, rule), which refuses an empty list', () => {
    expect(placesOf((node) => isCallOf(expected(node), ['every', 'some']))).toEqual([])
  })

  test('compares no times of a clock: how fast a machine is differs', () => {
    expect(
      placesOf((node, source) => /\b(performance|Date)\.now\(/.test(expected(node)?.getText(source) ?? '')),
    ).toEqual([])
  })

  test('that is skipped has a need of test/support/needs.ts, which the end of a run counts', () => {
    const shortcuts = ['skip', 'skipIf', 'runIf', 'todo', 'only', 'fails']
    const isShortcut = (node: ts.Node): boolean =>
      ts.isPropertyAccessExpression(node) &&
      ts.isIdentifier(node.expression) &&
      ['describe', 'it', 'test'].includes(node.expression.text) &&
      shortcuts.includes(node.name.text)
    expect(placesOf(isShortcut)).toEqual([])
  })
})
