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
import type { RunEvent } from '../../src/dsl/events.js'
import type { Accuracies } from '../../src/dsl/figures.js'
import { printable, printableLine } from '../../src/dsl/kit/printable.js'
import type { Summary } from '../../src/dsl/pipeline/run.js'
import { drawAttackPicture } from '../../src/io/pictures/attackPicture.js'
import { makeRunFigures } from '../../src/report/figures/runFigures.js'
import type { RunPlan, RunRecord } from '../../src/report/figures/runRecord.js'
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
import { readBoard } from '../support/readBoard.js'

const hostile = [
  '<script>globalThis.hacked = 1</script>',
  '"><img src=x onerror="hacked()">',
  "'><svg onload='hacked()'>",
  '</title></style></svg><meta http-equiv="refresh" content="0;url=https://example.com">',
  '<!-- ',
  ']]>',
  '&lt;b&gt; &#60;b&#62;',
  '[a link](javascript:hacked()) ![a picture](https://example.com/x.png) <https://example.com>',
  'a | cell\n\n# a heading\n\n```\ncode',
  '*bold* _emphasis_ ~~gone~~ `code` \\',
  '\x1b[2J\x1b]0;a title\x07\x1b[31mred\x1b[0m',
  '\x9b2J\x9d0;a title\x9c',
  '\u202egpj.exe\u2066',
  'a\rb\r\nc\td\u2028e',
  '__proto__',
  'constructor',
]

/** A run in which everything that has a name has this one. */
const runOf = (name: string): RunRecord & { readonly summary: Summary } => {
  const layer = { layer: name, parameters: 4, nonZero: 2, flops: 8, bytes: 16, sparseBytes: 8 }
  const accuracies: Accuracies = {
    clean: 0.9,
    attacks: Object.fromEntries([[name, 0.5]]),
    examples: 10,
    details: Object.fromEntries([[name, { stages: Object.fromEntries([[name, 0.5]]), seconds: 1 }]]),
  }
  const plan: RunPlan = {
    pipeline: name,
    params: Object.fromEntries([[name, name]]),
    seed: 0,
    source: { name, batchSize: 2, config: Object.fromEntries([[name, name]]) },
    stages: [
      { stage: name, config: Object.fromEntries([[name, name]]) },
      { stage: 'attackEval', config: { attacks: [{ name, epsilon: 0.3, norm: name, [`${name} `]: name }] } },
    ],
    hash: '0123456789abcdef0123',
  }
  const times = { whole: 1, layers: [{ layer: name, seconds: 1 }] }
  const summary: Summary = {
    pipeline: name,
    params: plan.params,
    seed: 0,
    engine: name,
    data: { name, origin: 'original' },
    seconds: { total: 10, train: 5 },
    secondsPerStep: { train: 0.01 },
    epochs: { train: 1 },
    parameters: { total: 4, kept: 2 },
    profile: Object.fromEntries([[name, 1]]),
    sparsity: 0.5,
    sizes: { before: [layer], after: [layer] },
    latency: { images: 1, before: times, after: times },
    before: accuracies,
    after: accuracies,
    artifacts: [name],
    warnings: [name],
  }
  const figures = makeRunFigures(name)
  const at = { at: 1000, step: 1 }
  for (const event of eventsOf(name, accuracies)) figures.event({ ...at, event })
  for (let step = 1; step <= 10; step++)
    figures.step({ ...metricsAt(step, 10), terms: Object.fromEntries([[name, 1 / step]]) })
  figures.end('done')
  return { plan, figures, summary, pictures: new Map([['attacks.svg', attackPicture(name)]]) }
}

const eventsOf = (name: string, accuracies: Accuracies): readonly RunEvent[] => [
  {
    type: 'environment',
    environment: { pwoa: name, node: name, system: name, processor: name, cores: 2, memory: 2 ** 33 },
  },
  { type: 'engine', name: 'wasm', description: name },
  { type: 'data', name, origin: 'original', train: 10, test: 10 },
  { type: 'phase', stage: name, phase: 'train', epochs: 1 },
  {
    type: 'weights',
    phase: 'train',
    epoch: 0,
    layers: [{ name, size: 4, zeros: 2, bound: 1, histogram: [0.5, 0.5] }],
  },
  {
    type: 'attacked',
    subject: 'after',
    attack: name,
    stage: `${name} `,
    robust: 0.5,
    attacked: 9,
    broken: 4,
    seconds: 1,
  },
  { type: 'evaluation', subject: 'after', accuracies },
  { type: 'artifact', file: name },
  { type: 'warning', stage: name, message: name },
]

const attackPicture = (name: string): string =>
  drawAttackPicture({
    shape: { height: 1, width: 1, channels: 1 },
    norm: name,
    epsilon: 0.3,
    rows: [
      {
        index: 0,
        label: 1,
        guess: 2,
        brokenBy: name,
        distance: 0.3,
        original: Float32Array.of(0),
        adversarial: Float32Array.of(1),
      },
    ],
  })

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
    expect(/^"/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell).toBe(name)
    expect(/[",\r\n]/.test(name)).toBe(/^"/.test(cell))
  })
})

describe('TensorBoard', () => {
  test.each(hostile)('gets %j in its tags as it is', (name) => {
    const records: Uint8Array[] = []
    const board = makeBoard((record) => void records.push(record))
    for (const event of eventsOf(name, runOf(name).summary.after ?? { clean: 1, attacks: {}, examples: 1 }))
      board.event({ at: 1, step: 1, event })
    board.step({ ...metricsAt(1, 10), terms: Object.fromEntries([[name, 1]]) })
    board.picture('attacks', attackPicture(name))
    const tags = readBoard(Buffer.concat(records)).flatMap(({ values }) => values.map(({ tag }) => tag))
    expect(tags).toContain(`accuracy/${name}`)
    expect(tags).toContain(`terms/${name}`)
    expect(tags).toContain(`layer_sparsity/${name}`)
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
