import { right } from 'fp-ts/lib/Either.js'
import pc from 'picocolors'
import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { drawResult } from '../../src/cli/draw/drawResult.js'
import { drawSweepLive, type SweepNow } from '../../src/cli/draw/drawSweepLive.js'
import { drawTable } from '../../src/cli/draw/drawTable.js'
import { pointNames } from '../../src/cli/draw/points.js'
import { shorten, shortenApart } from '../../src/cli/draw/text.js'
import { showSweep } from '../../src/cli/show/showSweep.js'
import type { PwoaError } from '../../src/dsl/errors.js'
import type { Summary } from '../../src/dsl/pipeline/run.js'
import { studyOf } from '../../src/runtime/sweep/studyResults.js'
import type { PointRecord, SweepEvent, SweepSummary } from '../../src/runtime/sweep/sweepTypes.js'
import { nonEmpty } from '../support/expectEvery.js'

const colors = pc.createColors(false)

const teacherOf = (hex: string): string => `rt/points/${hex}f0c45b1a9d7e3f21/teacher.safetensors`

const summary = {
  seconds: { total: 3, train: 2 },
  secondsPerStep: { train: 1 },
  epochs: { train: 1 },
  sparsity: 0.75,
  flops: { total: 4, kept: 1 },
  parameters: { total: 4, kept: 1 },
  after: { clean: 0.9876, attacks: { autoattack: 0.5, fgsm: 0.7, pgd: 0.6, cw: 0.55 }, examples: 10 },
  data: { name: 'digits', origin: 'synthetic' },
  engine: 'wasm',
  artifacts: ['network.safetensors'],
} as unknown as Summary

const record = (index: number, params: PointRecord['params'], state: PointRecord['state']): PointRecord => ({
  label: Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(' '),
  key: `k${index}`,
  params,
  seed: 0,
  state,
  attempts: state === 'waiting' ? 0 : 1,
  summary: state === 'done' ? summary : undefined,
  error: undefined,
})

const methods = ['naive', 'perturbed-learned', 'hydra', 'pwoa', 'apd']

/** Points of methods × rates × seeds with a long teacher name; the first `done` of them are finished. */
const points = (done: number, running = 2): readonly PointRecord[] =>
  methods
    .flatMap((method) => [4, 8, 16, 32].flatMap((rate) => [0, 1].map((seed) => ({ method, rate, seed }))))
    .map((params, index) =>
      record(
        index,
        { teacher: teacherOf('26'), ...params },
        index < done ? 'done' : index < done + running ? 'running' : 'waiting',
      ),
    )

const now = (all: readonly PointRecord[]): SweepNow => ({
  points: all,
  done: all.filter(({ state }) => state === 'done'),
  progress: new Map(
    all.flatMap(({ key, state }) =>
      state === 'running'
        ? [[key, { type: 'training', phase: 'retrain', epoch: 0, epochs: 2, step: 3, steps: 8, loss: 0.12 }] as const]
        : [],
    ),
  ),
  names: pointNames(all),
  study: { method: 'method', across: 'rate' },
  seconds: 60,
})

describe('the live view of a sweep', () => {
  test.each([
    [80, 24],
    [100, 30],
    [200, 50],
    [40, 10],
    [20, 5],
    [9, 2],
  ])('stays within a window of %i × %i, however many points are done', (columns, rows) => {
    for (const done of [0, 1, 7, 30, 38])
      for (const running of [1, 2, 30]) {
        const lines = drawSweepLive(now(points(done, running)), { columns, rows }, colors).split('\n')
        expect(lines.length).toBeLessThan(Math.max(2, rows))
        for (const line of lines) expect([...line].length, line).toBeLessThan(columns)
      }
  })

  test('leaves out whole columns, the least important first, then the earlier rows, and notes what is left out', () => {
    const lines = drawSweepLive(now(points(38)), { columns: 80, rows: 24 }, colors).split('\n')
    expect(lines[0]).toMatch(/^method +rate +clean +autoattack +fgsm/)
    expect(lines.filter((line) => /^\S+ +\d+ +98\.8 ± 0\.0 % +50\.0 ± 0\.0 %/.test(line)).length).toBeGreaterThan(12)
    expect(lines).toContainEqual(
      expect.stringMatching(/^… \d more; 6 columns left out: teacher, operations kept, seconds/),
    )
    expect(lines).toContainEqual(expect.stringMatching(/^apd.* 16 /))
    expect(lines).not.toContainEqual(expect.stringMatching(/^naive.* 4 /))
    expect(lines.slice(-3)).toEqual([
      '2 of 40 to go, about 3.2 s left',
      '  method=apd rate=32 seed=0  retrain 1/2  37 %  loss 0.1200',
      '  method=apd rate=32 seed=1  retrain 1/2  37 %  loss 0.1200',
    ])
  })

  test('keeps the rows that finished last, wherever they are in the table', () => {
    const all = points(38)
    const done = all.slice(0, 38).toReversed()
    const text = drawSweepLive({ ...now(all), done }, { columns: 80, rows: 10 }, colors)
    expect(text).toMatch(/^naive +4 /m)
    expect(text).not.toMatch(/^apd/m)
  })

  test('shows no time left until a point is done; points that failed at once do not count', () => {
    const failed = points(0).map((point, index) => (index > 5 ? point : { ...point, state: 'failed' as const }))
    expect(drawSweepLive(now(failed), { columns: 80, rows: 24 }, colors)).toMatch(/^34 of 40 to go\n?/)
  })
})

describe('long names', () => {
  test('lose their middle, and stay different', () => {
    expect(shorten('abcdefghij', 5)).toBe('ab…ij')
    expect(shorten('abc', 3)).toBe('abc')
    expect(shortenApart(['aaaaaxbbbbb', 'aaaaaybbbbb'], 5)).toEqual(
      ['aaaaax…bbbb', 'aaaaay…bbbb'].map(() => expect.any(String)),
    )
    expect(new Set(shortenApart([teacherOf('26'), teacherOf('27')], 24)).size).toBe(2)
  })

  test('in the first column leave a table aligned', () => {
    const rows = ['26', '27'].map((hex) => [teacherOf(hex), 'naive', '98.8 %'])
    const lines = drawTable({ header: ['teacher', 'method', 'clean'], rows }, 60, colors)
      .trimEnd()
      .split('\n')
    expect(new Set(lines.map((line) => [...line].length)).size).toBe(1)
    expect(lines[2]).not.toBe(lines[3])
  })

  test('of points have only the parameters that differ', () => {
    const names = pointNames(points(0))
    expect(names.get('k0')).toBe('method=naive rate=4 seed=0')
    expect(pointNames([record(0, { rate: 4 }, 'waiting')]).get('k0')).toBe('rate=4')
  })
})

/** The lines that a screen shows for the events of a sweep. */
const linesOf = async (events: readonly SweepEvent[], ended: Promise<unknown>): Promise<readonly string[]> => {
  const lines: string[] = []
  const events$ = new Subject<SweepEvent>()
  const result = ended as Promise<never>
  const screen = { line: (text: string) => void lines.push(text), live: () => undefined, end: () => undefined }
  const showing = { colors, size: () => ({ columns: 80, rows: 24 }), where: '1 at a time', study: undefined }
  showSweep({ folder: '', events$, result, summary: result, stop: () => undefined }, screen, showing)
  for (const event of events) events$.next(event)
  events$.complete()
  await result
  return lines
}

const one = record(1, { rate: 4 }, 'running')
const other = record(2, { rate: 8 }, 'running')
const eventOf = (point: PointRecord): SweepEvent => ({ type: 'point', point })
const waiting = [eventOf({ ...one, state: 'waiting' }), eventOf({ ...other, state: 'waiting' })]
const warning = (point: PointRecord): SweepEvent => ({
  type: 'progress',
  point,
  progress: { type: 'warning', stage: 'here', message: 'odd' },
})
const mistake: PwoaError = { _tag: 'OptionError', stage: 'a', expected: 'b', actual: 'c' }
const failed = (point: PointRecord): SweepEvent => eventOf({ ...point, state: 'failed', error: mistake })

describe('the lines of a sweep', () => {
  const whole = Promise.resolve(right({}))

  test('name the point of a warning, and show each warning of a point once', async () => {
    const events = [...waiting, eventOf(one), warning(one), warning(one), eventOf(other), warning(other)]
    expect(await linesOf(events, whole)).toEqual([
      '2 points, 1 at a time',
      'warning: rate=4: here: odd',
      'warning: rate=8: here: odd',
    ])
  })

  test('leave out the mistake that the sweep ends with', async () => {
    const events = [...waiting, eventOf(one), failed(one), eventOf(other), failed(other)]
    expect(await linesOf(events, Promise.resolve({ _tag: 'Left', left: mistake }))).toEqual(['2 points, 1 at a time'])
  })

  test('show the mistake if only one point has it', async () => {
    const events = [
      ...waiting,
      eventOf(one),
      failed(one),
      eventOf(other),
      eventOf({ ...other, state: 'done', summary }),
    ]
    expect(await linesOf(events, whole)).toEqual([
      '2 points, 1 at a time',
      '1/2 rate=4: failed: a: expected b, got c',
      expect.stringMatching(/^2\/2 rate=8: clean 98\.8 %/),
    ])
    const stopped = Promise.resolve({ _tag: 'Left', left: { ...mistake, _tag: 'InterruptedError' } })
    expect(await linesOf([...waiting, eventOf(one), failed(one)], stopped)).toHaveLength(2)
  })

  test('state that all points were done before', async () => {
    const done = [one, other].map((point) => eventOf({ ...point, state: 'done', summary }))
    expect(await linesOf(done, whole)).toEqual(['2 points, all done before'])
    expect(await linesOf(done.slice(0, 1), whole)).toEqual(['1 point, done before'])
  })
})

describe('the result of a sweep', () => {
  const page = {
    colors,
    width: 80,
    folder: 'rt',
    files: ['plan.json', 'report.html', 'results.csv', 'study.md', 'robust-by-rate.svg'],
  }
  const resultOf = (all: readonly PointRecord[]): string =>
    drawResult({ sweep: 'x', params: {}, seed: 0, seconds: { total: 1 }, points: all } as SweepSummary, page)

  test('lists tables, pictures and the files of each point', () => {
    expect(resultOf([{ ...one, state: 'done', summary }])).toMatch(
      /\nfiles in rt: report\.html, results\.csv, robust-by-rate\.svg, study\.md; of each\s+point in points\/KEY: network\.safetensors\nreport: rt[/\\]report\.html\nlook again: pwoa-run ui rt\n$/,
    )
  })

  test('of a study has all rows; in a window it notes the columns that it leaves out to fit', () => {
    const all = points(40, 0)
    const study = { method: 'method', across: 'rate' }
    const ended = { sweep: 'x', params: {}, seed: 0, seconds: { total: 1 }, points: all, study: studyOf(all, study) }
    const whole = drawResult(ended, page)
    const fitted = drawResult(ended, { ...page, study })
    for (const text of [whole, fitted]) expect(text.match(/^.*\b98\.8 ± 0\.0 %/gm)).toHaveLength(20)
    expect(whole).toMatch(/^teacher +method .* kept/m)
    expect(whole).not.toContain('left out')
    expect(fitted).toMatch(/^method +rate +clean +autoattack +fgsm/m)
    expect(fitted).toMatch(/\n6 columns left out: teacher, operations kept.*\nstudy\.md has all of them\n/)
    const lines = fitted.slice(0, fitted.indexOf('files in')).split('\n')
    for (const line of nonEmpty(lines)) expect([...line].length, line).toBeLessThanOrEqual(80)
  })

  test('without a finished point has no table and no empty heading', () => {
    const text = resultOf([{ ...one, state: 'failed', error: mistake }])
    expect(text).toMatch(/^\nx, none of 1 point done\n\nfailed: rate=4: a: expected b, got c\n\nfiles in rt: /)
  })
})
