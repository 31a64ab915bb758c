import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import { drawTableFor } from '../../src/cli/draw/stackTable.js'
import { colorsFor, lengthSeen } from '../../src/cli/draw/terminal.js'
import { wrapLine } from '../../src/cli/draw/text.js'
import { eventLine } from '../../src/cli/show/eventLines.js'

const colors = pc.createColors(false)

describe('a line', () => {
  test('that fits stays as it is', () => {
    expect(wrapLine('  admm 1/2  loss 0.5', 20)).toEqual(['  admm 1/2  loss 0.5'])
  })

  test('that is longer continues below, between words and indented', () => {
    const text = '  after autoattack: 12.5 % after apgd-ce, which broke 7 of 8'
    expect(wrapLine(text, 30)).toEqual(['  after autoattack: 12.5 %', '    after apgd-ce, which broke', '    7 of 8'])
  })

  test('keeps a word that is longer than the window', () => {
    expect(wrapLine('from /a/long/path here', 8)).toEqual(['from', '  /a/long/path', '  here'])
  })

  test('with styles is as long as what is seen of it', () => {
    const styled = colorsFor({ isTTY: true })
    expect(lengthSeen(`${styled.bold('bold')} ${styled.dim('dim')}`)).toBe('bold dim'.length)
  })
})

describe('a table', () => {
  const table = {
    header: ['', 'clean', 'parameters kept'],
    rows: [
      ['before', '99.0 %', '–'],
      ['after', '8.0 %', '25.0 %'],
    ],
  }

  test('is stacked in a window of fewer than 70 columns', () => {
    expect(drawTableFor(table, 69, colors)).toBe(
      [
        'before',
        '  clean            99.0 %',
        '  parameters kept       –',
        '',
        'after',
        '  clean             8.0 %',
        '  parameters kept  25.0 %',
        '',
      ].join('\n'),
    )
  })

  test('is in columns in a wider one', () => {
    expect(drawTableFor(table, 70, colors)).toMatch(/before +99\.0 % +–\nafter +8\.0 % +25\.0 %\n$/)
  })
})

test('an attack that has nothing left to attack says so', () => {
  const attacked = { type: 'attacked', subject: 'after', attack: 'autoattack', stage: 'square' } as const
  const figures = { robust: 0, broken: 0, attacked: 0, seconds: 0, withoutGradient: 0 }
  expect(eventLine({ ...attacked, ...figures })).toBe('  after autoattack: 0.0 %, nothing left for square to attack')
})
