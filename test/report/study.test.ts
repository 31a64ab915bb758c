import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { Summary } from '../../src/dsl/run.js'
import { type StudyRun, studyRows } from '../../src/report/study/study.js'
import { studyPlots } from '../../src/report/study/studyPlots.js'
import { studyTable } from '../../src/report/study/studyTable.js'
import { summary } from './records.js'

const study = { method: 'method', across: 'rate', baseline: 'slow' }

/** A run that took so long for three epochs, and what it held against an attack. */
const run = (params: StudyRun['params'], seconds: number, robust: number): StudyRun => ({
  params,
  summary: {
    ...summary,
    seconds: { total: 1000, admm: seconds / 3, retrain: (2 * seconds) / 3 },
    epochs: { admm: 1, retrain: 2 },
    flops: { total: 200, kept: 50 },
    after: {
      clean: 1,
      attacks: { pgd: robust + 0.01, autoattack: robust },
      examples: 100,
      details: summary.after?.details ?? {},
    },
  },
})

const { after: _, ...untrained } = summary
const teacher: StudyRun = {
  params: { method: 'teacher', rate: 1, seed: 0 },
  summary: { ...untrained, epochs: {} } as Summary,
}

const runs = [
  teacher,
  ...[4, 8].flatMap((rate) =>
    [0, 1].flatMap((seed) => [
      run({ method: 'fast', rate, seed }, 3, 0.6 + 0.2 * seed),
      run({ method: 'slow', rate, seed }, 30, 0.5),
    ]),
  ),
]

describe('the rows of a study', () => {
  test('are means and deviations over the seeds, and times against the baseline of the same rate', () => {
    const rows = studyRows(runs, study)
    expect(rows.map(({ params }) => params)).toEqual([
      { method: 'teacher', rate: 1 },
      { method: 'fast', rate: 4 },
      { method: 'slow', rate: 4 },
      { method: 'fast', rate: 8 },
      { method: 'slow', rate: 8 },
    ])
    const [first, fast, slow] = rows
    expect(first).toMatchObject({
      seeds: 1,
      clean: { mean: 0.99, deviation: undefined },
      attacks: { autoattack: { mean: 0.9 } },
      trainingSeconds: undefined,
      speedUp: undefined,
    })
    expect(fast).toMatchObject({ seeds: 2, secondsPerEpoch: { mean: 1 }, trainingSeconds: { mean: 3 }, speedUp: 10 })
    expect(fast?.attacks.autoattack?.mean).toBeCloseTo(0.7)
    expect(fast?.attacks.autoattack?.deviation).toBeCloseTo(Math.SQRT2 / 10)
    expect(fast?.flops?.mean).toBe(0.25)
    expect(slow?.speedUp).toBe(1)
    // AutoAttack stands first: it is the figure to quote.
    expect(Object.keys(fast?.attacks ?? {})).toEqual(['autoattack', 'pgd'])
  })

  test('are as many as combinations without the seed, whatever the order of the runs', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(runs), (some) => {
        const rows = studyRows(some, study)
        const seeds = rows.reduce((sum, row) => sum + row.seeds, 0)
        const ends = rows.map(({ params }) => JSON.stringify(params))
        return seeds === some.length && new Set(ends).size === rows.length
      }),
      { seed: 3 },
    )
  })

  test('are a table of text', () => {
    const { header, rows } = studyTable(studyRows(runs, study))
    expect(header).toEqual([
      'method',
      'rate',
      'seeds',
      'clean',
      'autoattack',
      'pgd',
      'sparsity',
      'operations kept',
      'seconds per epoch',
      'speed-up',
    ])
    expect(rows[0]).toEqual(['teacher', '1', '1', '99.0 %', '90.0 %', '91.0 %', '75.0 %', '–', '–', '–'])
    expect(rows[1]?.slice(3)).toEqual([
      '100.0 ± 0.0 %',
      '70.0 ± 14.1 %',
      '71.0 ± 14.1 %',
      '75.0 ± 0.0 %',
      '25.0 ± 0.0 %',
      '1.0 ± 0.0',
      '10.0×',
    ])
  })
})

describe('the pictures of a study', () => {
  test('stand alone, name each method, and have a dot for each rate and a level for the teacher', () => {
    const pictures = studyPlots(studyRows(runs, study), study)
    expect(Object.keys(pictures)).toEqual(['robust-by-rate.svg', 'robust-by-time.svg'])
    const byRate = pictures['robust-by-rate.svg'] ?? ''
    expect(byRate).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    for (const name of ['teacher', 'fast', 'slow', 'robust accuracy under autoattack']) expect(byRate).toContain(name)
    expect(byRate).not.toContain('NaN')
    expect(byRate.match(/stroke-dasharray="5,4"/g)).toHaveLength(1)
    expect(dotsIn(byRate)).toBe(4)
    const byTime = pictures['robust-by-time.svg'] ?? ''
    expect(dotsIn(byTime)).toBe(4)
    expect(byTime).toContain('seconds of training')
  })

  test('are none of what nobody attacked', () => {
    const natural = {
      ...summary,
      before: { clean: 1, attacks: {}, examples: 9 },
      after: { clean: 1, attacks: {}, examples: 9 },
    }
    expect(studyPlots(studyRows([{ params: { method: 'a', rate: 2 }, summary: natural }], study), study)).toEqual({})
  })
})

/** Symbols in the groups of dots, without those of the legend, which stands in a group for each. */
const dotsIn = (svg: string): number =>
  [...parseHTML(`<body>${svg}</body>`).document.querySelectorAll('g[aria-label="dot"]')]
    .map((group) => group.querySelectorAll('path, circle').length)
    .filter((count) => count > 1)
    .reduce((sum, count) => sum + count, 0)
