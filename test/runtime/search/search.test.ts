import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { firstValueFrom, map, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { HasTraining, Step } from '../../../src/dsl/step.js'
import { range } from '../../../src/runtime/search/range.js'
import { pointInProcess } from '../../../src/runtime/sweep/pointInProcess.js'
import { type SearchOptions, search } from '../../../src/runtime/sweep/search.js'
import { startSweep } from '../../../src/runtime/sweep/startSweep.js'
import type { PointRecord, Sweep, SweepSummary } from '../../../src/runtime/sweep/sweepTypes.js'
import { fakePipeline, fakeTrain, jsonOf, stepsIn, temporaryFolder } from '../fakes.js'

const base = { points: 4 } satisfies SearchOptions

/** A figure that falls with the steps, in the same order at all of them: the best point is that nearest to `best`. */
const badness = (x: number, best: number) =>
  map(<S extends Step & HasTraining>(step: S): S => {
    const value = (1 + Math.abs(x - best)) * (1 + 1 / step.training.step)
    return { ...step, training: { ...step.training, metrics: { badness: value } } }
  })

/** A search whose points take 10 steps each. */
const searchOf = (options: SearchOptions, during: (x: number, step: number) => void = () => undefined): Sweep =>
  search(
    'xs',
    { x: range(0, 100, 'linear', 'whole') },
    ({ x }) => fakePipeline().pipe(fakeTrain({ epochs: 2, during: (step) => during(x, step) }), badness(x, 40)),
    options,
  )

const halved = {
  points: 9,
  metric: 'metrics.badness',
  over: 1,
  halving: { factor: 3, rungs: 2 },
} satisfies SearchOptions

const runIn = (made: Sweep, out: string, workers = 1): Promise<SweepSummary> =>
  startSweep(made, { out }, { workers, attempts: 1, runPoint: pointInProcess }).summary

/** What has come of each point: without times and the number of attempts. */
const outcomeOf = ({ points }: SweepSummary) =>
  points.map(({ label, state, standing, summary, key }) => ({ label, key, state, standing, epochs: summary?.epochs }))

const pointsOf = (made: Sweep): readonly unknown[] => made.points.map(({ params }) => params)

const spaceOf = (options: Partial<SearchOptions> = {}): readonly unknown[] =>
  pointsOf(
    search(
      'x',
      { rate: range(1, 32, 'log'), layers: range(1, 3, 'log', 'whole'), pattern: ['irregular', 'filter'] },
      () => fakePipeline().pipe(fakeTrain({ epochs: 1 })),
      { ...base, ...options },
    ),
  )

describe('the points of a search', () => {
  test.each(['random', 'quasi-random'] as const)(
    'are drawn by the seed, %s, and stay if there are more',
    (sampling) => {
      const eight = spaceOf({ points: 8, sampling })
      expect(spaceOf({ points: 3, sampling })).toEqual(eight.slice(0, 3))
      expect(spaceOf({ points: 8, sampling, seed: 1 })).not.toEqual(eight)
      expect(new Set(eight.map((point) => JSON.stringify(point))).size).toBe(8)
      for (const point of eight)
        expect(point).toEqual({
          rate: expect.toSatisfy((rate: number) => rate >= 1 && rate <= 32 && rate === Number(rate.toPrecision(4))),
          layers: expect.toBeOneOf([1, 2, 3]),
          pattern: expect.toBeOneOf(['irregular', 'filter']),
        })
    },
  )

  test('are spread evenly on a logarithmic scale: 2 of 8 in each quarter of 1 to 16', () => {
    const made = search('x', { rate: range(1, 16, 'log') }, () => fakePipeline(), { points: 8 })
    const quarters = made.points.map(({ params }) => Math.floor(Math.log2(Number(params.rate))))
    expect(quarters.toSorted()).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
  })

  test('are all of a finite space if so many are asked for, and have a run for each seed', () => {
    const made = search('x', { a: ['p', 'q'], b: range(1, 3, 'linear', 'whole') }, () => fakePipeline(), {
      points: 6,
      seeds: [0, 7],
    })
    expect(new Set(made.points.map(({ label }) => label.replace(/ seed.*/, ''))).size).toBe(6)
    expect(made.points.map(({ seed }) => seed)).toEqual([0, 7, 0, 7, 0, 7, 0, 7, 0, 7, 0, 7])
  })
})

describe('wrong input', () => {
  const x = range(1, 2)
  const halving = { factor: 3, rungs: 2 }
  test.each<[string, () => unknown, string]>([
    ['an empty range', () => range(2, 2), 'range: expected least < most, got 2 and 2'],
    ['a range backwards', () => range(3, 2), 'range: expected least < most, got 3 and 2'],
    ['the logarithm of 0', () => range(0, 2, 'log'), 'range: expected least > 0 on a logarithmic scale, got 0'],
    ['no number', () => range(Number.NaN, 2), 'range: expected least to be a finite number, got NaN'],
    ['halves as whole numbers', () => range(0.5, 2, 'linear', 'whole'), 'range: expected whole numbers as ends'],
    ['no parameters', () => search('x', {}, () => fakePipeline(), base), 'search: expected at least one parameter'],
    ['an empty list', () => search('x', { a: [] }, () => fakePipeline(), base), 'search: expected a to be range(…)'],
    ['a seed', () => search('x', { seed: [1, 2] }, () => fakePipeline(), base), 'search: expected seeds by the option'],
    ['too few', () => search('x', { a: [1, 2] }, () => fakePipeline(), base), 'search: expected at most 2 points'],
    ['no budget', () => search('x', { x }, () => fakePipeline(), { points: 0 }), 'search: expected points to be a'],
    ['no hours', () => search('x', { x }, () => fakePipeline(), { ...base, hours: 0 }), 'search: expected hours in (0'],
    [
      'no seeds',
      () => search('x', { x }, () => fakePipeline(), { ...base, seeds: [] }),
      'search: expected seeds to be',
    ],
    [
      'no metric',
      () => search('x', { x }, () => fakePipeline(), { points: 9, halving }),
      'search: expected a metric by which points are stopped early, got none',
    ],
    [
      'another metric',
      () => search('x', { x }, () => fakePipeline(), { ...base, metric: 'accuracy' }),
      'search: expected a metric loss, terms.NAME, metrics.NAME or accuracy.NAME, got accuracy',
    ],
    [
      'a factor of 1',
      () => search('x', { x }, () => fakePipeline(), { points: 9, metric: 'loss', halving: { factor: 1 } }),
      'search: expected halving.factor to be a whole number >= 2, got 1',
    ],
    [
      'fewer points than rungs need',
      () => search('x', { x }, () => fakePipeline(), { points: 8, metric: 'loss', halving }),
      'search: expected at least 9 points for 2 rungs by factor 3, so that one is done, got 8',
    ],
  ])('is refused: %s', (_, make, message) => {
    expect(make).toThrow(message)
  })

  test('a metric that no step has ends the search with the metrics that there are', async () => {
    const made = searchOf({ ...halved, metric: 'terms.robust' })
    const ended = await made.run({ out: join(temporaryFolder(), 'xs') }).result
    expect(ended).toMatchObject({
      left: {
        _tag: 'OptionError',
        stage: 'search',
        expected: 'a metric that the runs have by step 2: loss, terms.weight, metrics.badness',
        actual: 'terms.robust',
      },
    })
  })
})

describe('early stopping', () => {
  test('trains 9 points for 2 steps, 3 for 4 and 1 for 10, each step once, and the winner as in one piece', async () => {
    const [folder, taken] = [temporaryFolder(), new Map<number, number[]>()]
    const made = searchOf(halved, (x, step) => void taken.set(x, [...(taken.get(x) ?? []), step]))
    const summary = await runIn(made, join(folder, 'xs'))
    const lengths = [...taken.values()].map((steps) => {
      expect(steps).toEqual(steps.map((_, index) => index))
      return steps.length
    })
    expect(lengths.toSorted((a, b) => a - b)).toEqual([2, 2, 2, 2, 2, 2, 4, 4, 10])
    const nearest = [...taken.keys()].toSorted((a, b) => Math.abs(a - 40) - Math.abs(b - 40))
    const done = summary.points.filter(({ state }) => state === 'done')
    expect(done.map(({ params }) => params.x)).toEqual([nearest[0]])
    expect(taken.get(nearest[1] ?? 0)).toHaveLength(4)

    const [winner] = done
    const whole = join(folder, 'whole')
    const alone = made.points.find(({ label }) => label === winner?.label)
    await alone?.pipeline.run({ out: whole, seed: 0 }).summary
    const figures = (at: string) => stepsIn(at).map(({ seconds: _, ...rest }) => rest)
    expect(figures(join(folder, 'xs', 'points', winner?.key ?? ''))).toEqual(figures(whole))
  })

  test('has the same results for any number of workers, and after an interruption', async () => {
    const folder = temporaryFolder()
    const one = outcomeOf(await runIn(searchOf(halved), join(folder, 'one')))
    for (const workers of [2, 9])
      expect(outcomeOf(await runIn(searchOf(halved), join(folder, `${workers}`), workers))).toEqual(one)
    const out = join(folder, 'interrupted')
    for (const after of [1, 3, 7, 12]) {
      let steps = 0
      const handle = searchOf(halved, () => void (++steps === after && handle.stop())).run({ out })
      expect(isLeft(await handle.result)).toBe(true)
    }
    expect(outcomeOf(await runIn(searchOf(halved), out))).toEqual(one)
    let repeated = 0
    expect(
      outcomeOf(
        await runIn(
          searchOf(halved, () => void repeated++),
          out,
        ),
      ),
    ).toEqual(one)
    expect(repeated).toBe(0)
  })

  test('takes the same decisions after an interruption in any order of promotion, with one worker', async () => {
    const folder = temporaryFolder()
    const options = { ...halved, halving: { ...halved.halving, order: 'asynchronous' } } satisfies SearchOptions
    const whole = await runIn(searchOf(options), join(folder, 'whole'))
    const out = join(folder, 'parts')
    for (const after of [1, 4, 9, 2]) {
      let steps = 0
      const handle = searchOf(options, () => void (++steps === after && handle.stop())).run({ out })
      expect(isLeft(await handle.result)).toBe(true)
    }
    expect(outcomeOf(await runIn(searchOf(options), out))).toEqual(outcomeOf(whole))
    expect(whole.search?.notes.join(' ')).toContain('depends on the order in which runs end')
    expect(whole.points.filter(({ state }) => state === 'done').length).toBeGreaterThan(0)
    expect(new Set(whole.points.map(({ state }) => state))).toEqual(new Set(['done', 'stopped']))
  })

  test('says of each stopped point where and why, and gives no figure of it as a result', async () => {
    const out = join(temporaryFolder(), 'xs')
    const { points, search: ranking } = await runIn(searchOf(halved), out)
    const whys = points.map(({ standing }) => standing?.why)
    expect(whys.filter((why) => why?.startsWith('at rung 1 of 2, step 2: metrics.badness '))).toHaveLength(6)
    expect(whys.filter((why) => why?.startsWith('at rung 2 of 2, step 4: metrics.badness '))).toHaveLength(2)
    expect(whys.filter((why) => why?.endsWith('place 9 of 9, 3 went on'))).toHaveLength(1)
    expect(ranking?.notes).toEqual([
      '9 points, drawn evenly spread (Halton) with seed 0.',
      'Ranked by the lowest metrics.badness.',
      'Early stopping: at 2 rungs, 1/9 and 1/3 of the training steps, 1 in 3 points goes on. A stopped point has no result: its metric is that of the step where it was stopped.',
      'The results are the same for any number of workers.',
    ])
    expect(ranking?.rows.map(({ state, step }) => [state, step])).toEqual([
      ['done', 10],
      ...Array(2).fill(['stopped', 4]),
      ...Array(6).fill(['stopped', 2]),
    ])
    for (const row of jsonOf(join(out, 'results.json')) as Record<string, unknown>[]) {
      expect(row.state === 'done').toBe('seconds' in row)
      expect(row.state === 'stopped').toBe('why' in row)
    }
    const table = readFileSync(join(out, 'search.md'), 'utf8')
    expect(table.split('\n')[0]).toBe('| x | state | metrics.badness | stopped |')
    expect(table.match(/\| stopped \| – \| at rung/g)).toHaveLength(8)
    const report = readFileSync(join(out, 'report.html'), 'utf8')
    expect(report).toContain('<h2>Ranking</h2>')
    expect(report.match(/, stopped at rung/g)).toHaveLength(8)
  })

  test('ranks by the mean over seeds, and shows mean ± standard deviation', async () => {
    const out = join(temporaryFolder(), 'xs')
    const made = search(
      'xs',
      { x: [1, 2, 3, 4] },
      ({ x }) =>
        fakePipeline().pipe(
          fakeTrain({ epochs: 2 }),
          map((step) => {
            // Alone, seed 0 prefers point 1 and seed 1 point 4; the mean prefers point 2.
            const of = step.run.seed === 0 ? [0, 3, 6, 9] : [9, 3, 4, 2]
            return { ...step, training: { ...step.training, metrics: { m: of[x - 1] ?? 0 } } }
          }),
        ),
      { points: 4, seeds: [0, 1], metric: 'metrics.m', halving: { factor: 4, rungs: 1 } },
    )
    const { points, search: ranking } = await runIn(made, out, 3)
    expect(points.filter(({ state }) => state === 'done').map(({ params }) => params)).toEqual([
      { x: 2, seed: 0 },
      { x: 2, seed: 1 },
    ])
    expect(ranking?.rows[0]).toMatchObject({ params: { x: 2 }, seeds: 2, metric: { mean: 3, deviation: 0 } })
    expect(ranking?.rows.find(({ params }) => params.x === 1)?.why).toBe(
      'at rung 1 of 1, step 3: mean metrics.m 4.5, place 2 of 4, 1 went on',
    )
    expect(readFileSync(join(out, 'search.md'), 'utf8')).toMatch(/\| 2 \| 2 \| done \| 3 ± 0 \| – \|/)
  })

  test('takes a point that fails for the worst', async () => {
    const made = searchOf(halved, (x, step) => {
      if (step === 1 && Math.abs(x - 40) < 20) throw new Error('too good')
    })
    const { points, search: ranking } = await runIn(made, join(temporaryFolder(), 'xs'))
    const of = (state: PointRecord['state']) => points.filter((point) => point.state === state)
    expect([of('done').length, of('failed').length > 0, of('waiting').length]).toEqual([1, true, 0])
    expect(ranking?.rows.at(-1)?.state).toBe('failed')
  })
})

describe('a search', () => {
  test('without early stopping runs every point to its end, and ranks them if it has a metric', async () => {
    const { points, search: ranking } = await runIn(
      searchOf({ points: 5, metric: 'metrics.badness', goal: 'highest' }),
      join(temporaryFolder(), 'xs'),
      2,
    )
    expect(points.map(({ state }) => state)).toEqual(Array(5).fill('done'))
    const means = ranking?.rows.map(({ metric }) => metric?.mean ?? 0) ?? []
    expect(means).toEqual(means.toSorted((a, b) => b - a))
    const plain = await runIn(searchOf({ points: 2 }), join(temporaryFolder(), 'xs'))
    expect(plain.search).toMatchObject({ rows: [{ state: 'done' }, { state: 'done' }] })
    expect(plain.search?.metric).toBeUndefined()
  })

  test('keeps the results of its points if it gets more of them', async () => {
    const out = join(temporaryFolder(), 'xs')
    await runIn(searchOf({ points: 3 }), out)
    const handle = searchOf({ points: 5 }).run({ out })
    const events = firstValueFrom(handle.events$.pipe(toArray()))
    expect((await handle.summary).points.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 1, 1])
    await events
  })

  test('ends when its hours are over, and goes on if it gets more', async () => {
    const out = join(temporaryFolder(), 'xs')
    const short = await runIn(searchOf({ ...halved, hours: 1e-6 }), out)
    expect(short.points.map(({ state, summary }) => [state, summary])).toEqual(Array(9).fill(['stopped', undefined]))
    expect(short.points.at(-1)?.standing?.why).toBe('after the budget of 0.000001 h, before its first rung')
    expect(short.search?.notes.join(' ')).toContain('Nothing goes on after 0.000001 h')
    const long = await runIn(searchOf({ ...halved, hours: 1 }), out)
    const whole = await runIn(searchOf(halved), join(temporaryFolder(), 'xs'))
    expect(outcomeOf(long)).toEqual(outcomeOf(whole))
  })

  test('as a trial runs one point to its end and looks for its metric', async () => {
    const out = join(temporaryFolder(), 'xs')
    const { points, sweep } = await searchOf(halved).run({ out, trial: 'quick' }).summary
    expect([sweep, points.map(({ state }) => state)]).toEqual(['xs (quick trial)', ['done']])
    expect(points[0]?.standing).toMatchObject({ rung: 1, step: 10 })
    const wrong = searchOf({ ...halved, metric: 'metrics.goodness' }).run({ out: `${out}2`, trial: 'quick' })
    expect(await wrong.result).toMatchObject({ left: { _tag: 'OptionError', actual: 'metrics.goodness' } })
  })
})
