import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft, isRight, left } from 'fp-ts/lib/Either.js'
import {
  bufferCount,
  concat,
  concatMap,
  firstValueFrom,
  lastValueFrom,
  map,
  Observable,
  take,
  tap,
  throwError,
  toArray,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { RunContext } from '../../../src/dsl/context.js'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import type { RunEvent } from '../../../src/dsl/events.js'
import { makePipeline } from '../../../src/dsl/pipeline/makePipeline.js'
import { enginesOf, type RunHandle, type RunOptions } from '../../../src/dsl/pipeline/run.js'
import { asynchronous } from '../../../src/dsl/stages/asynchronous.js'
import type { Step } from '../../../src/dsl/step.js'
import { eventLoopTurn } from '../../../src/runtime/run/concurrency.js'
import { startRunWith } from '../../../src/runtime/run/startRun.js'
import { expectEvery } from '../../support/expectEvery.js'
import { refusalOf } from '../../support/refusalOf.js'
import {
  fakeData,
  fakeDependencies,
  fakePipeline,
  fakeSource,
  fakeTrain,
  jsonOf,
  reading,
  temporaryFolder,
} from '../fakes.js'

const eventsOf = (run: RunHandle): Promise<RunEvent[]> => lastValueFrom(run.events$.pipe(toArray()))

const metricsIn = (folder: string): string => readFileSync(join(folder, 'metrics.jsonl'), 'utf8')

const rightOf = async (run: RunHandle) => {
  const result = await run.result
  if (isLeft(result)) throw new PwoaFailure(result.left)
  return result.right
}

const leftOf = async (run: RunHandle) => {
  const result = await run.result
  if (isRight(result)) throw new Error('the run succeeded')
  return result.left
}

describe('a run', () => {
  test('writes plan, metrics, checkpoint and summary, and emits its events in order', async () => {
    const out = join(temporaryFolder(), 'run')
    const run = fakePipeline()
      .pipe(fakeTrain({ epochs: 2 }))
      .run({ out, seed: 7 })
    const [events, steps, summary] = await Promise.all([
      eventsOf(run),
      lastValueFrom(run.metrics$.pipe(toArray())),
      rightOf(run),
    ])
    expect(events.map(({ type }) => type).filter((type) => type !== 'checkpoint')).toEqual([
      'environment',
      'engine',
      'data',
      'phase',
      'epoch',
      'epoch',
    ])
    const spent = events.flatMap((event) => (event.type === 'checkpoint' ? [event.spentSeconds] : []))
    expectEvery(spent, (seconds, i) => seconds > (spent[i - 1] ?? 0))
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(metricsIn(out)).toBe(steps.map((step) => `${JSON.stringify(step)}\n`).join(''))
    expect(summary).toMatchObject({
      pipeline: 'fake run',
      params: {},
      seed: 7,
      engine: 'wasm',
      data: { name: 'fake digits', origin: 'synthetic' },
      secondsPerStep: { train: 0.0055 },
      epochs: { train: 2 },
      artifacts: [],
      warnings: [],
    })
    expect(summary.seconds.train).toBeCloseTo(0.055)
    expect(jsonOf(join(out, 'summary.json'))).toEqual(summary)
    expect(jsonOf(join(out, 'plan.json'))).toMatchObject({
      pipeline: 'fake run',
      seed: 7,
      stages: [{ stage: 'fakeTrain', config: { epochs: 2 } }],
    })
  })

  test('returns all minibatches, however it ends', async () => {
    const dependencies = fakeDependencies()
    const freed: string[] = []
    const stages = (act: (step: number, run: RunContext) => void) =>
      fakePipeline('x', dependencies).pipe(
        tap(({ run, minibatch }) => {
          if (minibatch.batch + minibatch.epoch > 0) return
          run.atEnd(() => void freed.push('first'))
          run.atEnd(() => void freed.push('second'))
        }),
        fakeTrain({ epochs: 1, during: act }),
      )
    const folder = temporaryFolder()
    const good = stages(() => undefined).run({ out: join(folder, 'good') })
    expect(isRight(await good.result)).toBe(true)
    const bad = stages((step) => {
      if (step === 2) throw new Error('boom')
    }).run({ out: join(folder, 'bad') })
    expect(await leftOf(bad)).toMatchObject({ _tag: 'RunError', stage: 'x', actual: 'boom' })
    const stopped: RunHandle = stages((step) => void (step === 2 && stopped.stop())).run({
      out: join(folder, 'stopped'),
    })
    expect((await leftOf(stopped))._tag).toBe('InterruptedError')
    expect(freed).toEqual(['second', 'first', 'second', 'first', 'second', 'first'])
    await new Promise(setImmediate)
    expect(dependencies.onLoan()).toBe(0)
  })

  test('ends without a stage that trains', async () => {
    const out = join(temporaryFolder(), 'run')
    const accuracies = { clean: 0.9, attacks: { fgsm: 0.5 }, examples: 10 }
    const run = fakePipeline()
      .pipe(
        take(1),
        tap(({ run: context }) => context.emit({ type: 'evaluation', subject: 'before', accuracies })),
      )
      .run({ out })
    const summary = await rightOf(run)
    expect(summary.before).toEqual(accuracies)
    expect(summary).not.toHaveProperty('after')
    expect(summary.secondsPerStep).toEqual({})
  })

  test('counts parameters, sparsity, artifacts and warnings', async () => {
    const out = join(temporaryFolder(), 'run')
    const run = fakePipeline()
      .pipe(
        take(1),
        asynchronous(
          concatMap(async (step: Step) => {
            const counts = { total: 100, kept: 40, prunable: 80, prunableKept: 20, flops: 500, flopsKept: 125 }
            step.run.emit({ type: 'parameters', counts })
            step.run.emit({ type: 'warning', stage: 'here', message: 'twice' })
            step.run.emit({ type: 'warning', stage: 'here', message: 'twice' })
            await step.run.writeArtifact('nets/a.txt', 'a')()
            return step
          }),
        ),
      )
      .run({ out })
    const events = eventsOf(run)
    const summary = await rightOf(run)
    await events
    expect(summary).toMatchObject({
      parameters: { total: 100, kept: 40 },
      flops: { total: 500, kept: 125 },
      sparsity: 0.75,
      warnings: ['here: twice'],
    })
    expect(readFileSync(join(out, 'nets', 'a.txt'), 'utf8')).toBe('a')
  })

  test('writes artifacts inside its folder only', async () => {
    const out = join(temporaryFolder(), 'run')
    const answers: unknown[] = []
    const run = fakePipeline()
      .pipe(
        take(1),
        asynchronous(
          map((step: Step) => {
            for (const name of ['../x', '/x', 'a/../../x']) {
              void step.run
                .writeArtifact(name, '')()
                .then((answer) => answers.push(answer))
            }
            return step
          }),
        ),
      )
      .run({ out })
    await rightOf(run)
    expect(answers).toHaveLength(3)
    for (const answer of answers) expect(answer).toMatchObject({ _tag: 'Left', left: { _tag: 'OptionError' } })
  })
})

describe('stopping and resuming', () => {
  const pipeline = (during: (step: number, run: RunContext) => void = () => undefined) =>
    fakePipeline().pipe(fakeTrain({ epochs: 3, during }))

  test.each([0, 1, 4, 5, 7, 13])('a run that is stopped in step %i is resumed exactly', async (at) => {
    const folder = temporaryFolder()
    const whole = await rightOf(pipeline().run({ out: join(folder, 'whole') }))
    const out = join(folder, 'parts')
    const first: RunHandle = pipeline((step) => void (step === at && first.stop())).run({ out })
    expect(await leftOf(first)).toMatchObject({ _tag: 'InterruptedError', hint: expect.stringContaining('parts') })
    expect(existsSync(join(out, 'summary.json'))).toBe(false)
    const second = pipeline().run({ resume: out })
    const summary = await rightOf(second)
    expect(metricsIn(out)).toBe(metricsIn(join(folder, 'whole')))
    expect(summary.secondsPerStep).toEqual(whole.secondsPerStep)
    expect(summary.epochs).toEqual({ train: 3 })
    expect(readdirSync(join(out, 'checkpoints'))).toContain('step-00000015.safetensors')
  })

  test('a run that crashed is resumed from the last epoch, and later metrics are cut off', async () => {
    const folder = temporaryFolder()
    await rightOf(pipeline().run({ out: join(folder, 'whole') }))
    const out = join(folder, 'parts')
    const crashed = pipeline((step) => {
      if (step === 8) throw new Error('crash')
    }).run({ out })
    expect((await leftOf(crashed)).actual).toBe('crash')
    expect(metricsIn(out).split('\n')).toHaveLength(9)
    await rightOf(pipeline().run({ resume: out }))
    expect(metricsIn(out)).toBe(metricsIn(join(folder, 'whole')))
  })

  test('a stop after the last step keeps the checkpoint of the last epoch', async () => {
    const out = join(temporaryFolder(), 'run')
    const run: RunHandle = pipeline()
      .pipe(neverEnding(() => run.stop()))
      .run({ out })
    expect((await leftOf(run))._tag).toBe('InterruptedError')
    const again = pipeline().pipe(tap()).run({ resume: out })
    expect((await rightOf(again)).secondsPerStep).toEqual({ train: 0.008 })
    expect(metricsIn(out).trimEnd().split('\n')).toHaveLength(15)
  })

  test('a run can be stopped before anything is loaded, and after its end', async () => {
    const out = join(temporaryFolder(), 'run')
    const early = pipeline().run({ out })
    early.stop()
    expect((await leftOf(early))._tag).toBe('InterruptedError')
    const late = pipeline().run({ resume: out })
    await rightOf(late)
    late.stop()
    expect(isRight(await late.result)).toBe(true)
  })

  test.each([
    ['pipeline', () => fakePipeline('other').pipe(fakeTrain({ epochs: 3 })), 0],
    ['seed', () => pipeline(), 1],
    ['rate', () => pipeline().withParams({ rate: 8 }), 0],
    ['stage 1', () => fakePipeline().pipe(fakeTrain({ epochs: 4 })), 0],
  ])('resuming is refused for another %s', async (what, other, seed) => {
    const out = join(temporaryFolder(), 'run')
    await rightOf(pipeline().run({ out }))
    const error = await leftOf(other().run({ resume: out, seed }))
    expect(error).toMatchObject({ _tag: 'OptionError', stage: 'resume' })
    expect(error.expected).toContain(what)
  })

  test('resuming is refused for a folder without a run, and for a damaged checkpoint', async () => {
    const folder = temporaryFolder()
    expect(await leftOf(pipeline().run({ resume: folder }))).toMatchObject({ _tag: 'OptionError', stage: 'resume' })
    const out = join(folder, 'run')
    await rightOf(pipeline().run({ out }))
    for (const name of readdirSync(join(out, 'checkpoints')))
      writeFileSync(join(out, 'checkpoints', name), 'nothing of the kind')
    expect(await leftOf(pipeline().run({ resume: out }))).toMatchObject({ _tag: 'FileError', stage: 'resume' })
  })
})

describe('a failure', () => {
  test('a folder with files in it is refused, and not changed', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'precious'), '')
    const error = await leftOf(
      fakePipeline()
        .pipe(fakeTrain({ epochs: 1 }))
        .run({ out: folder }),
    )
    expect(error).toMatchObject({ _tag: 'OptionError', stage: 'out' })
    expect(existsSync(join(folder, 'plan.json'))).toBe(false)
  })

  test('a folder that cannot be written to is refused before any work', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const run = fakePipeline()
      .pipe(fakeTrain({ epochs: 1 }))
      .run({ out: join(folder, 'file', 'run') })
    const events = eventsOf(run)
    expect(await leftOf(run)).toMatchObject({ _tag: 'WriteError', stage: 'out' })
    expect(await events).toEqual([])
  })

  test('a seed out of range is refused before the run starts', () => {
    expect(refusalOf(() => fakePipeline().run({ out: join(temporaryFolder(), 'run'), seed: -1 }))).toMatchObject({
      _tag: 'OptionError',
      stage: 'run',
      expected: 'seed to be a whole number from 0 to 4294967295',
      actual: '-1',
    })
  })

  test('data that cannot be opened end the run', async () => {
    const error = { _tag: 'FileError', stage: 'mnist', file: 'x', expected: 'a', actual: 'b' } as const
    const source = { ...fakeSource, open: () => async () => left(error) }
    const run = makePipeline('x', source, startRunWith(fakeDependencies())).run({ out: join(temporaryFolder(), 'run') })
    expect(await leftOf(run)).toMatchObject(error)
  })

  const reject = async (message: string): Promise<never> => {
    throw new Error(message)
  }

  test('observers that throw, or whose promises reject, cause one warning each, with their place', async () => {
    const run = fakePipeline()
      .pipe(fakeTrain({ epochs: 1 }))
      .observe(() => {
        throw new Error('at once')
      })
      .observe(({ metrics$ }) =>
        metrics$.subscribe(() => {
          throw new Error('at each step')
        }),
      )
      .observe(({ events$ }) =>
        events$
          .pipe(
            map(() => {
              throw new Error('in an operator')
            }),
          )
          .subscribe(),
      )
      .observe(({ metrics$ }) => metrics$.subscribe(() => reject('of a callback')))
      .observe(({ metrics$ }) => metrics$.pipe(bufferCount(2)).subscribe({ next: () => reject('of a late callback') }))
      .observe(({ events$ }) => events$.subscribe({ complete: () => reject('of the end') }))
      .observe(() => reject('of an observer'))
      .run({ out: join(temporaryFolder(), 'run') })
    run.metrics$.subscribe(() => reject('of a subscriber'))
    const events = eventsOf(run)
    const { warnings } = await rightOf(run)
    const last = (await events).at(-1)
    const places = (text: string): string => text.replace(/test\.ts:\d+:\d+/, 'test.ts:line')
    const observer = 'an observer failed (test/runtime/run/startRun.test.ts:line)'
    expect(warnings.map(places).sort()).toEqual(
      [
        `fake run: ${observer}: at each step`,
        `fake run: ${observer}: at once`,
        `fake run: ${observer}: in an operator`,
        `fake run: ${observer}: of a callback`,
        `fake run: ${observer}: of a late callback`,
        `fake run: ${observer}: of an observer`,
        'fake run: a subscriber failed: of a subscriber',
      ].sort(),
    )
    // The summary is written by then.
    expect(last?.type === 'warning' && places(last.message)).toBe(`${observer}: of the end`)
  })

  test('a run waits for the observable of an observer, which gets all values; its failure at the very end is a warning', async () => {
    const sent: number[] = []
    const run = fakePipeline()
      .pipe(fakeTrain({ epochs: 2 }))
      .observe(({ metrics$ }) =>
        metrics$.pipe(
          bufferCount(4),
          concatMap(async (steps) => {
            await eventLoopTurn()
            sent.push(...steps.map(({ step }) => step))
          }),
        ),
      )
      .observe(({ events$ }) =>
        concat(
          events$,
          throwError(() => new Error('refused')),
        ),
      )
      .run({ out: join(temporaryFolder(), 'run') })
    const events = eventsOf(run)
    await rightOf(run)
    expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect((await events).at(-1)).toEqual({
      type: 'warning',
      stage: 'fake run',
      message: expect.stringMatching(/^an observer failed \(test.*:\d+\): refused$/),
    })
  })

  test('a failure to free something at the end is a warning', async () => {
    const run = fakePipeline()
      .pipe(
        take(1),
        tap(({ run: context }) =>
          context.atEnd(() => {
            throw new Error('stuck')
          }),
        ),
      )
      .run({ out: join(temporaryFolder(), 'run') })
    expect((await rightOf(run)).warnings).toEqual(['fake run: freeing at the end failed: stuck'])
  })

  test('resuming on another engine is a warning', async () => {
    const out = join(temporaryFolder(), 'run')
    const dependencies = fakeDependencies()
    await rightOf(
      fakePipeline('x', dependencies)
        .pipe(fakeTrain({ epochs: 1 }))
        .run({ out }),
    )
    const native = { ...dependencies, loadEngine: async () => ({ name: 'tensorflow', description: 'other' }) as const }
    const again = fakePipeline('x', native)
      .pipe(fakeTrain({ epochs: 1 }))
      .run({ resume: out })
    const summary = await rightOf(again)
    expect(summary.warnings).toEqual(['resume: begun on wasm: figures may differ a little'])
    // Nothing was left to compute on the other one.
    expect(summary).toMatchObject({ engine: 'wasm' })
    expect(summary).not.toHaveProperty('otherEngines')
  })

  test('the summary names all engines that have computed something', async () => {
    const out = join(temporaryFolder(), 'run')
    const dependencies = fakeDependencies()
    const on = (name: 'wasm' | 'tensorflow', until: number, options: RunOptions): RunHandle => {
      const loadEngine = async () => ({ name, description: name })
      const run: RunHandle = fakePipeline('x', { ...dependencies, loadEngine })
        .pipe(fakeTrain({ epochs: 3, during: (step) => void (step === until && run.stop()) }))
        .run(options)
      return run
    }
    await on('wasm', 4, { out }).result
    await on('tensorflow', 9, { resume: out }).result
    const back = await rightOf(on('wasm', -1, { resume: out }))
    expect(back).toMatchObject({ engine: 'wasm', otherEngines: ['tensorflow'] })
    expect(enginesOf(back)).toEqual(['tensorflow', 'wasm'])
  })

  test('a checkpoint may be moved before resuming, but not changed', async () => {
    const folder = temporaryFolder()
    const runWith = (file: string, options: RunOptions): RunHandle =>
      fakePipeline()
        .pipe(reading(file), fakeTrain({ epochs: 1 }))
        .run(options)
    const [file, moved, out] = ['a.pth', 'b.pth', 'run'].map((name) => join(folder, name))
    if (!file || !moved || !out) throw new Error('no files')
    writeFileSync(file, 'one')
    await rightOf(runWith(file, { out }))
    writeFileSync(moved, 'one')
    await rightOf(runWith(moved, { resume: out }))
    writeFileSync(file, 'two')
    expect(await runWith(file, { resume: out }).result).toMatchObject(
      left({
        _tag: 'OptionError',
        stage: 'resume',
        expected: 'contents of file 1 7692c3ad3540 as in that run',
        actual: '3fc4ccfe7458',
      }),
    )
  })
})

test('the context has the seed and the data', async () => {
  const seen: RunContext[] = []
  const run = fakePipeline()
    .pipe(
      take(1),
      tap((step) => void seen.push(step.run)),
    )
    .run({ out: join(temporaryFolder(), 'run'), seed: 3 })
  await firstValueFrom(run.events$)
  await rightOf(run)
  expect(seen[0]).toMatchObject({ seed: 3, data: fakeData })
})

/** A stage that works on after its source has completed, until it is stopped. */
const neverEnding =
  (begin: () => void) =>
  (source: Observable<Step>): Observable<Step> =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (step) => subscriber.next(step),
        error: (error) => subscriber.error(error),
        complete: begin,
      }),
    )
