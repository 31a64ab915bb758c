import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { nonEmpty } from '../support/expectEvery.js'
import { pathOf, readSource, sourceFiles } from './project.js'

/**
 * Idioms that a reader has to decode, and what to write instead. A closed list: each entry is wrong wherever it is found
 * in a comment, in the title of a test or in a message.
 */
const idioms: Readonly<Record<string, RegExp>> = {
  '"told", "tells": calls, reports, returns, emits, distinguishes': /\b(told|tells?)\b/i,
  '"whoever", "nobody": the process, the caller, the user; no …': /\b(whoever|nobody)\b/i,
  '"is none": is not a …': /(?<!\bthere )\bis none\b(?! of\b)/i,
  '"where there is none": if there is none': /\bwhere (there (is|are) (no|none)|it is none)\b/i,
  '"way back", "way there": backward pass, forward pass': /\bway (back|there|forward)\b/i,
  '"what is no …": anything other than …': /\bwhat is no(ne)?\b/i,
  '"but for", "all but" with a list: except': /\bbut for\b/i,
  '"as good as": practically, equal to': /\bas good as\b/i,
}

/** A comment or a text, and its place. */
interface Prose {
  readonly place: string
  readonly text: string
}

/** The comments of a file, and its texts with at least two words: titles of tests, and messages. */
const proseOf = (source: ts.SourceFile): readonly Prose[] => {
  const { text } = source
  const placeOf = (at: number): string =>
    `${pathOf(source.fileName)}:${source.getLineAndCharacterOfPosition(at).line + 1}`
  const found = new Map<number, string>()
  const addComments = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) found.set(pos, text.slice(pos, end))
  }
  const visit = (node: ts.Node): void => {
    addComments(ts.getLeadingCommentRanges(text, node.pos))
    addComments(ts.getTrailingCommentRanges(text, node.end))
    if ((ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) && / \w/.test(node.getText(source)))
      found.set(node.getStart(source), node.getText(source))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found].map(([at, prose]) => ({ place: placeOf(at), text: prose.replace(/\s*\n\s*(\*|\/\/)?\s*/g, ' ') }))
}

const all = nonEmpty(
  ['src', 'test', 'pipelines', 'page']
    .flatMap(sourceFiles)
    .filter((file) => pathOf(file) !== 'test/conventions/english.test.ts')
    .flatMap((file) => proseOf(readSource(file))),
)

describe('comments, titles of tests and messages', () => {
  test.each(Object.entries(idioms))('avoid %s', (_, idiom) => {
    const offenders = all.flatMap(({ place, text }) => {
      const match = idiom.exec(text)
      return match ? [`${place}: ${text.slice(Math.max(0, match.index - 30), match.index + 40)}`] : []
    })
    expect(offenders).toEqual([])
  })
})
