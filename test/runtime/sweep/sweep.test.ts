import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import fc from 'fast-check'
import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import { firstValueFrom, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { DataSource } from '../../../src/dsl/dataset.js'
import type { Op } from '../../../src/dsl/op.js'
import { param, parameters } from '../../../src/dsl/parameters.js'
import { makePipeline } from '../../../src/dsl/pipeline/makePipeline.js'
import { composite } from '../../../src/dsl/stages/composite.js'
import { EXTERNAL, encodeModel } from '../../../src/io/checkpoints/onnx/graph/messages.js'
import { definePipeline } from '../../../src/runtime/file/definePipeline.js'
import { threadEnvironment } from '../../../src/runtime/pointProcess/threads.js'
import { writeReport } from '../../../src/runtime/records/writeReport.js'
import { startRunWith } from '../../../src/runtime/run/startRun.js'
import { pointInProcess } from '../../../src/runtime/sweep/pointInProcess.js'
import type { PointOutcome } from '../../../src/runtime/sweep/pointMessages.js'
import { combinations } from '../../../src/runtime/sweep/points.js'
import { csvOf, jsonOf, markdownOf, resultsOf } from '../../../src/runtime/sweep/results.js'
import type { RunPoint } from '../../../src/runtime/sweep/runPoint.js'
import { startSweep } from '../../../src/runtime/sweep/startSweep.js'
import { sweep } from '../../../src/runtime/sweep/sweep.js'
import { keyOf, keysOf } from '../../../src/runtime/sweep/sweepFolder.js'
import type { PointRecord, Sweep, SweepHandle } from '../../../src/runtime/sweep/sweepTypes.js'
import {
  fakeDependencies,
  fakePipeline,
  fakeSource,
  fakeTrain,
  jsonOf as jsonIn,
  reading,
  temporaryFolder,
} from '../fakes.js'

const valueOf = <A>(result: Either<unknown, A>): A => {
  if (isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const ofRates = (rates: readonly number[], during: (rate: number, step: number) => void = () => undefined): Sweep =>
  sweep('rates', { rate: rates, seed: [0, 1] }, ({ rate }) =>
    fakePipeline().pipe(fakeTrain({ epochs: 1, during: (step) => during(rate, step) })),
  )

const eventsOf = (handle: SweepHandle) => firstValueFrom(handle.events$.pipe(toArray()))

describe('the points of a sweep', () => {
  test('are all combinations, each once: their number is the product of the lengths of the lists', () => {
    expect(combinations({ a: [1, 2], b: ['x', 'y'] })).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ])
    const lists = fc.dictionary(fc.string(), fc.uniqueArray(fc.integer(), { maxLength: 4 }), { maxKeys: 4 })
    fc.assert(
      fc.property(lists, (grid) => {
        const points = combinations(grid)
        const product = Object.values(grid).reduce((count, list) => count * list.length, 1)
        expect(points).toHaveLength(product)
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(product)
      }),
      { seed: 2 },
    )
  })

  test.each([
    [{ rate: [] }, 'at least one point, got none'],
    [{ rate: [2, 2] }, 'each point once, got rate=2 twice'],
    [{ rate: [Number.NaN] }, 'numbers, texts, true and false as parameters, got rate=NaN'],
    [{ seed: [-1] }, 'a seed from 0 to 4294967295, got -1'],
  ])('are refused: %o', (grid, message) => {
    expect(() => sweep('x', grid as { rate: number[] }, () => fakePipeline())).toThrow(`sweep: expected ${message}`)
  })

  test('may be a list, and have the parameters of definePipeline', () => {
    const fields = parameters({ epochs: param.integer({ default: 2, help: 'Passes.' }) })
    const made = valueOf(
      definePipeline(fields, ({ epochs }) =>
        sweep('x', [{ rate: 2 }, { rate: 4 }], () => fakePipeline().pipe(fakeTrain({ epochs }))),
      ).make(),
    )
    expect(made).toMatchObject({
      kind: 'sweep',
      params: { epochs: 2 },
      points: [{ label: 'rate=2', pipeline: { params: { epochs: 2, rate: 2 } } }, { label: 'rate=4' }],
    })
  })

  test('have keys that depend only on their content, so a grid may grow', () => {
    const keysWith = (rates: readonly number[], epochs: number, seed = 0): readonly string[] => {
      const fields = parameters({
        rates: param.list(param.integer({ help: 'A rate.' }), { default: rates, help: 'Rates.' }),
      })
      const made = valueOf(
        definePipeline(fields, (p) =>
          sweep('x', { rate: p.rates }, () => fakePipeline().pipe(fakeTrain({ epochs }))),
        ).make(),
      )
      return made.kind === 'sweep' ? made.points.map((point) => keyOf(point, seed)) : []
    }
    const [two, four] = keysWith([2, 4], 1)
    expect(keysWith([8, 4, 2], 1).slice(1)).toEqual([four, two])
    expect(two).not.toBe(four)
    expect(keysWith([2], 2)).not.toContain(two)
    expect(keysWith([2], 1, 1)).not.toContain(two)
    const [point] = ofRates([2]).points
    expect(point && keyOf(point, 0, undefined, '1.0.0')).not.toBe(point && keyOf(point, 0, undefined, '1.0.1'))
  })
})

describe('the data of a sweep', () => {
  test('is read once for all points, and points are run again if its files change', async () => {
    const out = join(temporaryFolder(), 'x')
    let holds: string | undefined = 'one'
    const asked: (string | undefined)[] = []
    const source: DataSource = {
      ...fakeSource,
      contents: async ({ dataDir }) => {
        asked.push(dataDir)
        return holds
      },
    }
    let runs = 0
    const made = (): Sweep =>
      sweep('x', { rate: [2, 4, 8] }, () =>
        makePipeline('fake run', source, startRunWith(fakeDependencies())).pipe(
          fakeTrain({ epochs: 1, during: (step) => void (step === 0 && runs++) }),
        ),
      )
    const runsOf = async (contents: string | undefined): Promise<number> => {
      holds = contents
      runs = 0
      const { points } = valueOf(await made().run({ out, dataDir: 'data' }).result)
      expect(points.map(({ state }) => state)).toEqual(['done', 'done', 'done'])
      return runs
    }
    expect([await runsOf('one'), await runsOf('one'), await runsOf('two'), await runsOf('one')]).toEqual([3, 0, 3, 0])
    expect([await runsOf(undefined), await runsOf(undefined)]).toEqual([3, 0])
    expect(asked).toEqual(Array(6).fill(resolve('data')))
  })

  test('does not change the keys if it is as published', async () => {
    const [point] = ofRates([2]).points
    if (!point) throw new Error('no point')
    expect(await keysOf([{ ...point, seed: 3 }], undefined)).toEqual([keyOf(point, 3)])
    expect(keyOf(point, 3, 'other')).not.toBe(keyOf(point, 3))
  })
})

describe('a study', () => {
  const points = [
    { method: 'a', rate: 2, seed: 0 },
    { method: 'b', rate: 2, seed: 0 },
  ]
  const build = () => fakePipeline().pipe(fakeTrain({ epochs: 1 }))

  test('has a table of its own, with a row for each method', async () => {
    const out = join(temporaryFolder(), 'run')
    const study = { method: 'method', across: 'rate', baseline: 'a' } as const
    const { study: rows } = valueOf(await sweep('x', points, build, { study }).run({ out }).result)
    expect(rows?.map(({ params, speedUp }) => [params.method, speedUp])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    const text = readFileSync(join(out, 'study.md'), 'utf8')
    expect(text).toMatch(/^\| method \| rate \| seconds per epoch \|/)
    expect(readFileSync(join(out, 'study.tex'), 'utf8')).toMatch(/\\toprule\n {4}method & rate & seconds per epoch/)
    const [table = '', caption = ''] = text.trimEnd().split('\n\n')
    expect(table.split('\n')).toHaveLength(4)
    expect(caption).toMatch(/^On .*; one seed, so no spread; engine .*, pwoa \d/)
    expect(readFileSync(join(out, 'results.md'), 'utf8')).toMatch(/\n\nOn .*; engine .*\n$/)
    expect(jsonIn(join(out, 'study.json'))).toMatchObject({
      study,
      data: [{}],
      epochs: [1],
      caption,
      rows: [{ method: 'a', seeds: 1, 'speed-up': 1 }, { method: 'b' }],
    })
    const csv = readFileSync(join(out, 'study.csv'), 'utf8')
    expect(csv).toMatch(/^method,rate,seeds,clean,clean deviation,.*,data,origin,test images,epsilon,engine,pwoa\r\n/)
    const page = readFileSync(join(out, 'report.html'), 'utf8')
    expect(page).toContain('2 points, 2 finished')
    expect(page.match(/href="points\/[0-9a-f]{20}\/report.html"/g)).toHaveLength(2)
    expect(await writeReport(out)).toBe(join(out, 'report.html'))
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(page)
  })

  test('has no table before its first result', async () => {
    const out = join(temporaryFolder(), 'run')
    const study = { method: 'method', across: 'rate' } as const
    const handle = sweep('x', points, build, { study }).run({ out })
    handle.stop()
    await handle.result
    expect(existsSync(join(out, 'results.json'))).toBe(true)
    expect(existsSync(join(out, 'study.md'))).toBe(false)
    expect(readFileSync(await writeReport(out), 'utf8')).toContain('2 points, 0 finished')
  })

  test.each([
    [{ method: 'way', across: 'rate' }, /a method, way, in each point/],
    [{ method: 'rate', across: 'method' }, /a number > 0, method, in each point/],
    [{ method: 'method', across: 'rate', baseline: 'c' }, /a baseline out of a, b, got c/],
  ])('is refused for parameters that the points do not have: %o', (study, message) => {
    expect(() => sweep('x', points, build, { study: study as never })).toThrow(message)
  })

  test('may grow with the lists that its points are made from', () => {
    const keysOf = (methods: readonly string[], other: string): readonly string[] => {
      const fields = parameters({
        methods: param.list(param.text({ help: 'A row.' }), { default: methods, help: 'Rows.' }),
        other: param.text({ default: other, help: 'Another.' }),
      })
      const made = valueOf(
        definePipeline(fields, (p) =>
          sweep(
            'x',
            p.methods.map((method) => ({ method, rate: 2 })),
            build,
            { lists: ['methods'] },
          ),
        ).make(),
      )
      return made.kind === 'sweep' ? made.points.map((point) => keyOf(point, 0)) : []
    }
    expect(keysOf(['a', 'b'], 'x').slice(0, 1)).toEqual(keysOf(['a'], 'x'))
    expect(keysOf(['a'], 'x')).not.toEqual(keysOf(['a'], 'y'))
  })
})

describe('a checkpoint that a point reads', () => {
  const keyWith = (op: Op<unknown, unknown>): string =>
    keyOf({ pipeline: fakePipeline().pipe(op, fakeTrain({ epochs: 1 })) }, 0)

  test('is part of the key by its contents', () => {
    const file = join(temporaryFolder(), 'teacher.pth')
    const missing = keyWith(reading(file))
    writeFileSync(file, 'one')
    const first = keyWith(reading(file))
    writeFileSync(file, 'two')
    const second = keyWith(reading(file))
    writeFileSync(file, 'one')
    expect(new Set([missing, first, second]).size).toBe(3)
    expect(keyWith(reading(file))).toBe(first)
    const method = composite('method', [reading(file), reading()], (source) => source)
    const inside = keyWith(method)
    writeFileSync(file, 'two')
    expect(keyWith(method), 'also within a method').not.toBe(inside)
  })

  test('does not change the key by its path, or by how the path is spelled', () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()].map((folder) => join(folder, 'teacher.pth'))
    if (!one || !other) throw new Error('no files')
    for (const file of [one, other]) writeFileSync(file, 'one')
    expect(keyWith(reading(other))).toBe(keyWith(reading(one)))
    expect(keyWith(reading(relative('.', one)))).toBe(keyWith(reading(one)))
    expect(keyWith(reading(one, other))).not.toBe(keyWith(reading(one)))
    expect(keyWith(reading(join(one, 'missing')))).not.toBe(keyWith(reading(join(other, 'missing'))))
  })

  test('is part of the key with the external files of an ONNX model', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'net.onnx')
    const externalData = [{ key: 'location', value: 'tensors.bin' }]
    const graph = { initializer: [{ name: 'w', dims: [1], dataType: 1, dataLocation: EXTERNAL, externalData }] }
    writeFileSync(file, encodeModel({ irVersion: 8, graph }))
    const keys = ['one', 'two', 'one'].map((content) => {
      writeFileSync(join(folder, 'tensors.bin'), content)
      return keyWith(reading(file))
    })
    expect(keys[0]).toBe(keys[2])
    expect(keys[0]).not.toBe(keys[1])
  })

  test('makes the point run again if it has changed', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'teacher.pth')
    let runs = 0
    const made = (): Sweep =>
      sweep('x', [{ rate: 2 }], () =>
        fakePipeline().pipe(reading(file), fakeTrain({ epochs: 1, during: (step) => void (step === 0 && runs++) })),
      )
    const run = async () => valueOf(await made().run({ out: join(folder, 'x') }).result)
    for (const [content, expected] of [
      ['one', 1],
      ['one', 1],
      ['two', 2],
    ] as const) {
      writeFileSync(file, content)
      await run()
      expect(runs).toBe(expected)
    }
  })
})

describe('a sweep', () => {
  test('runs each point in its own folder and collects the figures', async () => {
    const out = join(temporaryFolder(), 'sweep')
    const handle = ofRates([2, 4]).run({ out })
    const events = eventsOf(handle)
    const summary = valueOf(await handle.result)
    expect(summary.points.map(({ label, state, attempts, seed }) => [label, state, attempts, seed])).toEqual([
      ['rate=2 seed=0', 'done', 1, 0],
      ['rate=2 seed=1', 'done', 1, 1],
      ['rate=4 seed=0', 'done', 1, 0],
      ['rate=4 seed=1', 'done', 1, 1],
    ])
    expect(jsonIn(join(out, 'summary.json'))).toEqual(JSON.parse(JSON.stringify(summary)))
    expect(readdirSync(join(out, 'points')).sort()).toEqual(summary.points.map(({ key }) => key).sort())
    for (const { key, summary: own } of summary.points) {
      expect(jsonIn(join(out, 'points', key, 'summary.json'))).toEqual(own)
      expect(readdirSync(join(out, 'points', key, 'checkpoints'))).toEqual([])
    }
    expect(readFileSync(join(out, 'results.csv'), 'utf8').split('\r\n').slice(0, 2)).toEqual([
      'rate,seed,state,clean,kept,sparsity,seconds,key',
      expect.stringMatching(/^2,0,done,,,,[\d.e-]+,[0-9a-f]{20}$/),
    ])
    expect(existsSync(join(out, 'run.lock'))).toBe(false)
    const states = (await events).flatMap((event) => (event.type === 'point' ? [event.point.state] : []))
    expect(states).toEqual([...Array(4).fill('waiting'), ...Array(4).fill(['running', 'done']).flat()])
  })

  test('does not run finished points again, even if the grid has grown', async () => {
    const out = join(temporaryFolder(), 'sweep')
    const first = valueOf(await ofRates([2]).run({ out }).result)
    const ran: number[] = []
    const more = valueOf(await ofRates([2, 4], (rate, step) => void (step === 0 && ran.push(rate))).run({ out }).result)
    expect(ran).toEqual([4, 4])
    expect(more.points.slice(0, 2).map(({ summary }) => summary)).toEqual(first.points.map(({ summary }) => summary))
    expect(more.points.map(({ attempts }) => attempts)).toEqual([0, 0, 1, 1])
  })

  test('resumes where it was stopped', async () => {
    const out = join(temporaryFolder(), 'sweep')
    const handle: SweepHandle = ofRates([2, 4], (rate, step) => void (rate === 4 && step === 2 && handle.stop())).run({
      out,
    })
    expect(await handle.result).toMatchObject({ left: { _tag: 'InterruptedError', stage: 'rates' } })
    const steps: number[] = []
    const summary = valueOf(
      await ofRates([2, 4], (rate, step) => void steps.push(10 * rate + step)).run({ resume: out }).result,
    )
    expect(steps).toEqual([43, 44, 40, 41, 42, 43, 44])
    expect(summary.points.map(({ state }) => state)).toEqual(Array(4).fill('done'))
  })

  test('reports a point that fails, finishes the others, and runs that point again the next time', async () => {
    const out = join(temporaryFolder(), 'sweep')
    const failing = ofRates([2, 4], (rate, step) => {
      if (rate === 2 && step === 1) throw new Error('boom')
    })
    const summary = valueOf(await failing.run({ out }).result)
    expect(summary.points.map(({ state, error }) => [state, error?.actual])).toEqual([
      ['failed', 'boom'],
      ['failed', 'boom'],
      ['done', undefined],
      ['done', undefined],
    ])
    const again = valueOf(await ofRates([2, 4]).run({ out }).result)
    expect(again.points.map(({ state }) => state)).toEqual(Array(4).fill('done'))
  })

  test('refuses the folder of another sweep, and a folder in use', async () => {
    const out = join(temporaryFolder(), 'sweep')
    valueOf(await ofRates([2]).run({ out }).result)
    const other = sweep('other', { rate: [1] }, () => fakePipeline())
    expect(await other.run({ out }).result).toMatchObject({
      left: { _tag: 'OptionError', stage: 'out', actual: 'rates' },
    })
    const busy: Promise<unknown>[] = []
    await ofRates([4], (_rate, step) => void (step === 0 && busy.push(ofRates([4]).run({ out }).result))).run({ out })
      .result
    expect(await busy[0]).toMatchObject({ left: { _tag: 'OptionError', actual: expect.stringContaining('in use by') } })
    const nothing = await ofRates([2]).run({ resume: temporaryFolder() }).result
    expect(nothing).toMatchObject({ left: { stage: 'resume', expected: 'the folder of a sweep, with a plan.json' } })
  })

  test('ends with an error if its results cannot be written, and saves the point under way', async () => {
    const out = join(temporaryFolder(), 'sweep')
    const handle = ofRates([2, 4], (_rate, step) => {
      if (step > 0 || existsSync(join(out, 'results.csv', 'in the way'))) return
      rmSync(join(out, 'results.csv'), { force: true })
      mkdirSync(join(out, 'results.csv', 'in the way'), { recursive: true })
    }).run({ out })
    expect(await handle.result).toMatchObject({ left: { _tag: 'WriteError', stage: 'results.csv' } })
    expect(readdirSync(join(out, 'points')).length).toBeLessThan(4)
  })
})

describe('workers', () => {
  test.each([1, 2, 3, 9])('run %i points at a time, each point once', async (workers) => {
    const begun: string[] = []
    const active = new Set<string>()
    let most = 0
    const runPoint: RunPoint = ({ label }) => {
      begun.push(label)
      active.add(label)
      most = Math.max(most, active.size)
      const later = async (): Promise<PointOutcome> => {
        await new Promise(setImmediate)
        active.delete(label)
        return { type: 'crashed', reason: 'x' }
      }
      return { outcome: later(), stop: () => undefined }
    }
    const out = join(temporaryFolder(), 'x')
    const summary = valueOf(await startSweep(ofRates([2, 4]), { out }, { workers, attempts: 1, runPoint }).result)
    expect(begun).toEqual(summary.points.map(({ label }) => label))
    expect(most).toBe(Math.min(workers, 4))
  })

  test('need no listener per point', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const rates = Array.from({ length: 20 }, (_, index) => index + 1)
    const waits: (() => void)[] = []
    const runPoint: RunPoint = () => {
      const outcome = new Promise<PointOutcome>((resolve) => {
        waits.push(() => resolve({ type: 'crashed', reason: 'x' }))
      })
      if (waits.length === 40) for (const end of waits) end()
      return { outcome, stop: () => undefined }
    }
    const out = join(temporaryFolder(), 'x')
    const { result } = startSweep(ofRates(rates), { out }, { workers: 40, attempts: 1, runPoint })
    expect(valueOf(await result).points).toHaveLength(40)
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  test('start a point that crashes again, and report it after the last attempt', async () => {
    const crashes = new Map<string, number>()
    const runPoint: RunPoint = (point, place, onProgress) => {
      const count = crashes.get(point.label) ?? 0
      crashes.set(point.label, count + 1)
      const limit = point.label === 'rate=2 seed=1' ? 9 : point.label === 'rate=4 seed=0' ? 2 : 0
      return count < limit
        ? { outcome: Promise.resolve({ type: 'crashed', reason: 'signal SIGKILL' }), stop: () => undefined }
        : pointInProcess(point, place, onProgress)
    }
    const out = join(temporaryFolder(), 'x')
    const handle = startSweep(ofRates([2, 4]), { out }, { workers: 2, attempts: 3, runPoint })
    const events = eventsOf(handle)
    const { points } = valueOf(await handle.result)
    expect(points.map(({ state, attempts }) => [state, attempts])).toEqual([
      ['done', 1],
      ['failed', 3],
      ['done', 3],
      ['done', 1],
    ])
    expect(points[1]?.error).toMatchObject({ _tag: 'RunError', stage: 'worker', actual: 'signal SIGKILL, 3 times' })
    expect((await events).filter(({ type }) => type === 'again')).toHaveLength(4)
  })

  test('share the cores', () => {
    expect(threadEnvironment(1, 8)).toEqual({})
    expect(threadEnvironment(3, 8)).toEqual({ TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '2' })
    expect(threadEnvironment(5, 2)).toEqual({ TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1' })
  })
})

describe('results', () => {
  const record = (params: PointRecord['params'], summary?: object): PointRecord =>
    ({
      label: '',
      key: 'k',
      params,
      seed: 0,
      state: summary ? 'done' : 'waiting',
      attempts: 0,
      summary,
      error: undefined,
    }) as PointRecord

  const accuracies = { clean: 0.98765, attacks: { pgd: 0.5 }, examples: 10 }
  const results = resultsOf([
    record(
      { rate: 2, note: 'a "b", c|d' },
      {
        seconds: { total: 3 },
        parameters: { total: 4, kept: 1 },
        before: { clean: 1, attacks: {} },
        after: accuracies,
      },
    ),
    record({ rate: 4 }),
  ])

  test('are CSV with quotes, JSON and a table in Markdown', () => {
    expect(csvOf(results)).toBe(
      'rate,note,seed,state,clean,pgd,kept,sparsity,seconds,key\r\n2,"a ""b"", c|d",0,done,0.98765,0.5,0.25,,3,k\r\n4,,0,waiting,,,,,,k\r\n',
    )
    expect(JSON.parse(jsonOf(results))).toEqual([
      {
        rate: 2,
        note: 'a "b", c|d',
        seed: 0,
        state: 'done',
        clean: 0.98765,
        pgd: 0.5,
        kept: 0.25,
        seconds: 3,
        key: 'k',
      },
      { rate: 4, seed: 0, state: 'waiting', key: 'k' },
    ])
    const cells = ['=1+1', '+1', '-1', '-1e-3', '-a', '@SUM(A1)', '\t=1', '+', '\uff1d1', 'a=1', -2]
    expect(csvOf({ columns: ['a'], rows: cells.map((cell) => [cell]) })).toBe(
      'a\r\n"\'=1+1"\r\n+1\r\n-1\r\n-1e-3\r\n"\'-a"\r\n"\'@SUM(A1)"\r\n"\'\t=1"\r\n"\'+"\r\n"\'\uff1d1"\r\na=1\r\n-2\r\n',
    )
    expect(markdownOf(results)).toContain('| 2 | a "b", c\\|d | 0 | done | 0.9877 | 0.5 | 0.25 |  | 3 | k |\n')
  })
})
