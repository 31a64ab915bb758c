import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { Summary } from '../../../src/dsl/pipeline/run.js'
import { captionOf } from '../../../src/report/study/captionOf.js'
import { logTicks } from '../../../src/report/study/logAxis.js'
import { methodsOf } from '../../../src/report/study/plotFrame.js'
import { type StudyRun, studyRows } from '../../../src/report/study/study.js'
import { studyFacts } from '../../../src/report/study/studyFacts.js'
import { studyPlots } from '../../../src/report/study/studyPlots.js'
import { studyTable } from '../../../src/report/study/studyTable.js'
import { expectEvery } from '../../support/expectEvery.js'
import { plan, summary } from '../records.js'

const study = { method: 'method', across: 'rate', baseline: 'slow' }

/** A run of three epochs with the given seconds and robust accuracy. */
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

const described = runs.map((one) => ({ ...one, stages: plan.stages }))
const caption = captionOf(studyFacts(described, '1.2.3'), studyRows(runs, study))

describe('the caption of a study', () => {
  test('names attacks without a gradient, and settings that change an attack', () => {
    const details = {
      pgd: { stages: { pgd: 0.6 }, seconds: 1, withoutGradient: { pgd: 0.98 } },
      autoattack: { stages: { 'apgd-ce': 0.6, square: 0.5 }, seconds: 1, withoutGradient: { 'apgd-ce': 0.25 } },
    }
    const after = { clean: 1, attacks: { pgd: 0.6, autoattack: 0.5 }, examples: 100, details }
    const attacks = [
      { name: 'pgd', epsilon: 0.3, underflow: 'rescale' },
      { name: 'aa', epsilon: 0.3, version: 'own', stages: [{ name: 'apgd-ce', underflow: 'rescale' }] },
    ]
    const blind = { summary: { ...summary, after }, stages: [{ stage: 'attackEval', config: { attacks } }] }
    const { spread, whole } = captionOf(studyFacts([...described, blind], '1.2.3'), [])
    expect(spread).toBe(
      'no gradient on up to 98.0 % of the examples: pgd; no gradient on up to 25.0 % of the examples: ' +
        'autoattack/apgd-ce; engine tensorflow, pwoa 1.2.3',
    )
    expect(whole).toContain('no gradient on up to 98.0 %')
    expect(whole).toContain('pgd (epsilon 0.3 · underflow rescale)')
    expect(whole).toContain('stages apgd-ce(underflow rescale)')
  })

  test('has data, engine and the meaning of ±', () => {
    expect(caption.measured).toBe('MNIST, 100 to 1,000 test images, ε = 0.3 (L∞), 3 epochs of training')
    expect(caption.spread).toBe(
      '± is one standard deviation over 2 seeds (not the standard error); engine tensorflow, pwoa 1.2.3',
    )
    expect(caption.whole).toContain('pwoa 1.2.3. Attacks: pgd (epsilon 0.3 · steps 40), autoattack (epsilon 0.3')
  })

  test.each([
    ['synthetic', 'On synthetic digits (generated, not the published data), 1,000 test images'],
    ['recompressed', 'On synthetic digits (recompressed), 1,000 test images'],
    ['original', 'On synthetic digits, 1,000 test images'],
  ])('labels %s data', (origin, words) => {
    const one = { stages: [], summary: { ...summary, data: { name: 'synthetic digits', origin } } }
    const { whole, measured } = captionOf(studyFacts([one], '1'), [{ seeds: 1 }])
    expect(whole).toContain(words)
    expect(whole).toContain('; one seed, so no spread; ')
    expect(measured).not.toContain('ε')
    expect(captionOf(studyFacts([one], '1'), []).whole).not.toContain('seed')
  })

  test('has all engines of runs that were resumed on another one', () => {
    const one = { stages: [], summary: { ...summary, otherEngines: ['wasm'] } }
    expect(captionOf(studyFacts([one], '1'), []).whole).toContain('engine wasm and tensorflow, pwoa 1')
  })

  test('has radii on photographs in steps of 8 bits', () => {
    const stages = [{ stage: 'attackEval', config: { attacks: [{ name: 'fgsm', epsilon: 8 / 255, norm: 'Linf' }] } }]
    expect(captionOf(studyFacts([{ stages, summary }], '1'), []).measured).toContain('ε = 8/255 (L∞)')
  })
})

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
    // AutoAttack is first, because its figure is the one to quote.
    expect(Object.keys(fast?.attacks ?? {})).toEqual(['autoattack', 'pgd'])
  })

  test('are one per combination without the seed, in any order of the runs', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(runs), (some) => {
        const rows = studyRows(some, study)
        expect(rows.reduce((sum, row) => sum + row.seeds, 0)).toBe(some.length)
        expect(new Set(rows.map(({ params }) => JSON.stringify(params))).size).toBe(rows.length)
      }),
      { seed: 3 },
    )
  })

  test('become a table of text', () => {
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

test('columns that no row has are left out', () => {
  const { sparsity: _, parameters: __, ...dense } = summary
  const { header } = studyTable(studyRows([{ params: { method: 'a', epochs: 2 }, summary: dense }], study))
  expect(header).toEqual(['method', 'epochs', 'clean', 'autoattack', 'pgd', 'seconds per epoch'])
})

describe('the plots of a study', () => {
  test('are self-contained, name each method, and have a dot for each rate and a level for the teacher', () => {
    const pictures = studyPlots(studyRows(runs, study), study, caption)
    expect(Object.keys(pictures)).toEqual(['robust-by-rate.svg', 'robust-by-time.svg'])
    const byRate = pictures['robust-by-rate.svg'] ?? ''
    expect(byRate).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    for (const name of ['teacher', 'fast', 'slow', 'robust accuracy under autoattack']) expect(byRate).toContain(name)
    expect(byRate).not.toContain('NaN')
    for (const words of [
      caption.measured,
      caption.spread,
      'rate (log scale',
      'Robust accuracy under autoattack by rate',
    ])
      expect(byRate).toContain(words)
    // The level, and its line in the legend.
    expect(byRate.match(/stroke-dasharray="5,4"/g)).toHaveLength(2)
    expect(dotsIn(byRate)).toBe(4)
    const byTime = pictures['robust-by-time.svg'] ?? ''
    expect(dotsIn(byTime)).toBe(4)
    for (const words of ['training time in seconds (log scale)', 'rate 4', 'rate 8', caption.measured])
      expect(byTime).toContain(words)
  })

  test('separate points that coincide, at the same height', () => {
    const same = ['one', 'two'].flatMap((method) => [4, 8].map((rate) => run({ method, rate, seed: 0 }, 3, 0.5)))
    const svg = studyPlots(studyRows(same, study), study, caption)['robust-by-rate.svg'] ?? ''
    const places = placesIn(svg)
    expect(places).toHaveLength(4)
    expect(new Set(places.map(({ x }) => x)).size).toBe(4)
    expect(new Set(places.map(({ y }) => y)).size).toBe(1)
  })

  test('have no error bar beyond 0 and 100 %', () => {
    const wild = [0, 1].map((seed) => run({ method: 'a', rate: 4, seed }, 3, seed))
    const svg = studyPlots(studyRows(wild, study), study, caption)['robust-by-rate.svg'] ?? ''
    const bar = parseHTML(`<body>${svg}</body>`).document.querySelector('g[aria-label="rule"] line')
    const frame = [...svg.matchAll(/<svg [^>]*height="(\d+)"/g)][0]?.[1]
    for (const end of ['y1', 'y2']) {
      expect(Number(bar?.getAttribute(end))).toBeGreaterThanOrEqual(88)
      expect(Number(bar?.getAttribute(end))).toBeLessThanOrEqual(Number(frame) - 44)
    }
  })

  test('distinguish fifteen methods by shape alone', () => {
    const names = Array.from({ length: 15 }, (_, i) => `m${i}`)
    const looks = methodsOf(names, []).map(({ symbol, body }) => `${body} ${symbol}`)
    expect(new Set(looks).size).toBe(15)
  })

  test('have few, round ticks on the time axis', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e5, noNaN: true }),
        fc.double({ min: 1, max: 1e4, noNaN: true }),
        (a, ratio) => {
          const ticks = logTicks([a, a * ratio])
          expectEvery(ticks, (tick) => tick > 0)
          expect(ticks.length).toBeLessThanOrEqual(8)
        },
      ),
      { seed: 5 },
    )
    expect(logTicks([32, 4000])).toEqual([30, 100, 300, 1000, 3000])
    expect(logTicks([60, 200])).toEqual([50, 100, 200])
  })

  test('do not exist without an attack', () => {
    const natural = {
      ...summary,
      before: { clean: 1, attacks: {}, examples: 9 },
      after: { clean: 1, attacks: {}, examples: 9 },
    }
    expect(
      studyPlots(studyRows([{ params: { method: 'a', rate: 2 }, summary: natural }], study), study, caption),
    ).toEqual({})
  })
})

/** Numbers of points by method; a legend's points do not count. */
const placesIn = (svg: string): readonly { readonly x: string; readonly y: string }[] =>
  [
    ...parseHTML(`<body>${svg}</body>`).document.querySelectorAll('g[aria-description^="points of"] :is(path, circle)'),
  ].map((point) => {
    const [, x = '', y = ''] = /translate\(([^,]+),([^)]+)\)/.exec(point.getAttribute('transform') ?? '') ?? []
    return { x: x || (point.getAttribute('cx') ?? ''), y: y || (point.getAttribute('cy') ?? '') }
  })

const dotsIn = (svg: string): number => placesIn(svg).length
