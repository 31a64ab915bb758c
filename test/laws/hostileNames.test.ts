/**
 * Names in files, from other people and machines, are text in every output: they become no markup, no other cell or line,
 * and nothing that a terminal obeys. An output for a hostile name is built as that for a harmless one.
 */
import { PassThrough } from 'node:stream'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { drawError } from '../../src/cli/draw/drawError.js'
import { drawResult } from '../../src/cli/draw/drawResult.js'
import { colorsFor } from '../../src/cli/draw/terminal.js'
import { eventLine } from '../../src/cli/show/eventLines.js'
import { print, printLine } from '../../src/cli/show/print.js'
import { openScreen } from '../../src/cli/show/screen.js'
import type { Accuracies } from '../../src/dsl/figures.js'
import { printable, printableLine } from '../../src/dsl/kit/printable.js'
import { attackStrips } from '../../src/io/pictures/attackStrips.js'
import { comparisonReport } from '../../src/report/pages/comparisonReport.js'
import { runReport } from '../../src/report/pages/runReport.js'
import { sweepReport } from '../../src/report/pages/sweepReport.js'
import { captionOf } from '../../src/report/study/captionOf.js'
import { studyRows } from '../../src/report/study/study.js'
import { studyFacts } from '../../src/report/study/studyFacts.js'
import { studyPlots } from '../../src/report/study/studyPlots.js'
import { csvOf, markdownOf, resultsOf } from '../../src/runtime/sweep/results.js'
import { makeBoard } from '../../src/runtime/tensorboard/makeBoard.js'
import { metricsAt } from '../report/records.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'
import { attackExamples, attackPicture, eventsOf, hostile, runOf } from '../support/hostileNames.js'
import { readBoard } from '../support/readBoard.js'

const study = { method: 'method', across: 'rate', baseline: 'slow' }

const pointsOf = (name: string) => {
  const { summary, plan } = runOf(name)
  return [2, 4].map((rate) => ({
    params: { method: name, rate, seed: 0 },
    summary: { ...summary, after: { ...summary.after, clean: 0.9 / rate } as Accuracies },
    stages: plan.stages,
  }))
}

const captionFor = (name: string) => captionOf(studyFacts(pointsOf(name), name), studyRows(pointsOf(name), study))

/** The reports of a run, a comparison and a sweep, and the plots, of a name. */
const markup: Readonly<Record<string, (name: string) => readonly string[]>> = {
  'the report of a run': (name) => [runReport(runOf(name))],
  'the report of a comparison': (name) => [
    comparisonReport({
      name,
      params: Object.fromEntries([[name, name]]),
      rows: [
        { label: name, folder: name, record: runOf(name) },
        { label: `${name} `, folder: name, record: undefined },
      ],
    }),
  ],
  'the report of a sweep': (name) => [
    sweepReport({
      name,
      points: pointsOf(name).map(({ params, summary }) => ({ label: name, params, summary, report: undefined })),
      study,
      caption: captionFor(name).whole,
      pictures: Object.values(studyPlots(studyRows(pointsOf(name), study), study, captionFor(name))),
    }),
  ],
  'the plots of a study': (name) =>
    nonEmpty(Object.values(studyPlots(studyRows(pointsOf(name), study), study, captionFor(name)))),
  'the picture of an attack': (name) => [attackPicture(name)],
}

/** The elements of a page, each with the names of its attributes, and an address if it is neither an image nor relative. */
const shapeOf = (page: string): readonly string[] =>
  [...parseHTML(page).document.querySelectorAll('*')].map((element) => {
    const attributes = [...element.attributes].map(({ name, value }) =>
      ['src', 'href'].includes(name) && !/^data:image|^[^:]*$/.test(value) ? `${name}=${value}` : name,
    )
    return `${element.tagName} ${attributes.join(' ')}`
  })

describe.each(Object.entries(markup))('%s', (_what, draw) => {
  // Plots have an element for each line of a name.
  const expected = ['a harmless name', 'a harmless\nname'].flatMap((name) => draw(name).map(shapeOf))

  test('has elements to compare', () => {
    expect(expected.flat().length).toBeGreaterThan(10)
  })

  test.each(hostile)('holds %j as text', (name) => {
    const known = new Set(expected.flat())
    expectEvery(draw(name).flatMap(shapeOf), (element) => known.has(element))
  })
})

describe('a table in Markdown', () => {
  /** What is left of a text if escaped characters and entities are taken out. */
  const active = (text: string): string => text.replace(/\\[!-/:-@[-`{-~]|&(amp|lt|gt);/g, '')

  test.each(hostile)('holds %j as text in its cells and its caption', (name) => {
    const points = pointsOf(name).map(({ params, summary }) => ({
      params: { ...params, [name]: name },
      summary,
      seed: 0,
      state: 'done' as const,
      key: 'k',
      label: name,
      attempts: 1,
      error: undefined,
    }))
    const results = resultsOf(points)
    const text = markdownOf(results, captionFor(name).whole)
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(points.length + 4)
    const rows = lines.slice(0, -2)
    expectEvery(rows, (row) => active(row).split('|').length === results.columns.length + 2)
    expectEvery(lines, (line) => !/[<>`*[\]~&]|(^|\W)_|_(\W|$)/.test(active(line)))
    expect(printable(text)).toBe(text)
  })

  test('keeps ordinary names as they are written', () => {
    const columns = ['attack_name', 'pgd-40', 'ε = 8/255 (L∞)', 'rate=4 seed=0']
    expect(markdownOf({ columns, rows: [] })).toBe(`| ${columns.join(' | ')} |\n| --- | --- | --- | --- |\n`)
  })

  test.each(hostile)('as CSV it holds %j in one cell', (name) => {
    const cell = csvOf({ columns: ['a', 'b'], rows: [[name, 1]] }).slice('a,b\r\n'.length, -',1\r\n'.length)
    const isFormula = /^[=+\-@\t\r]/.test(name)
    expect(/^"/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell).toBe(isFormula ? `'${name}` : name)
    expect(isFormula || /[",\r\n]/.test(name)).toBe(/^"/.test(cell))
  })
})

describe('TensorBoard', () => {
  test.each(hostile)('gets %j in its tags as it is', (name) => {
    const records: Uint8Array[] = []
    const board = makeBoard((record) => void records.push(record))
    for (const event of eventsOf(name, runOf(name).summary.after ?? { clean: 1, attacks: {}, examples: 1 }))
      board.event({ at: 1, step: 1, event })
    board.step({ ...metricsAt(1, 10), terms: Object.fromEntries([[name, 1]]) })
    board.strips('attacks', attackStrips(attackExamples(name)))
    const tags = readBoard(Buffer.concat(records)).flatMap(({ values }) => values.map(({ tag }) => tag))
    expect(tags).toContain(`accuracy/${name}`)
    expect(tags).toContain(`terms/${name}`)
    expect(tags).toContain(`layer_sparsity/${name}`)
    expect(tags.filter((tag) => tag.startsWith('attacks/1 (') && tag.includes(name))).toHaveLength(1)
    expect(board.name()).toBe('events.out.tfevents.1.pwoa')
  })
})

describe('the terminal', () => {
  /** A stream that keeps what is written, a terminal or not. */
  const stream = (isTTY: boolean) => {
    const kept = new PassThrough()
    const written: string[] = []
    kept.on('data', (chunk) => written.push(String(chunk)))
    return { stream: Object.assign(kept, { isTTY, columns: 100, rows: 40 }), text: () => written.join('') }
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of our own styles
  const ownStyles = /\x1b\[(1|2|22|31|32|33|36|39)m/g
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const obeyed = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

  test.each(hostile)('gets %j in a result as text, in as many lines', async (name) => {
    const page = { colors: colorsFor({ isTTY: true }), width: 200, folder: 'run', files: [] }
    const linesOf = async (text: string): Promise<readonly string[]> => {
      const out = stream(true)
      await print(out.stream, text)
      return out.text().split('\n')
    }
    const shown = await linesOf(drawResult(runOf(name).summary, page))
    expectEvery(shown, (line) => !obeyed.test(line.replace(ownStyles, '')))
    expect(shown.join('\n')).toContain(printableLine(name))
    expect(/\n/.test(name) && shown.join('\n').includes(printable(name))).toBe(false)
  })

  test.each(hostile)('gets %j in progress and in errors as one line each', async (name) => {
    const { stream: out, text } = stream(false)
    const screen = await openScreen(out as unknown as NodeJS.WriteStream, 'normal')
    const events = eventsOf(name, runOf(name).summary.after ?? { clean: 1, attacks: {}, examples: 1 })
    const lines = events.flatMap((event) => eventLine(event) ?? [])
    for (const line of lines) screen.line(line)
    printLine(out, name)
    expect(text().trimEnd().split('\n')).toHaveLength(lines.length + 1)
    await print(
      out,
      drawError({ _tag: 'FileError', stage: name, file: name, expected: name, actual: name, hint: name }),
    )
    expect(obeyed.test(text())).toBe(false)
  })

  test('gets our own styles, but not those in a name, whatever is coloured', async () => {
    const { bold } = colorsFor({ isTTY: true })
    const out = stream(true)
    await print(out.stream, `${bold('a \x1b[31mname')} and \x1b[2Janother\n`)
    expect(out.text()).toBe('\x1b[1ma \\u001b[31mname\x1b[22m and \\u001b[2Janother\n')
  })

  test('gets JSON that is the same value', async () => {
    const out = stream(false)
    await print(out.stream, `${JSON.stringify(hostile)}\n`)
    expect(JSON.parse(out.text())).toEqual(hostile)
    expect(obeyed.test(out.text())).toBe(false)
  })
})
