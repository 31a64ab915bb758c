/** Figures of the user's own: a column of each step, events, charts, and tags of loggers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filter, lastValueFrom, map, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { syntheticDigits } from '../../src/io/datasets/digits/syntheticDigits.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { conv2d, flatten, linear } from '../../src/models/layers/layers.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { metric } from '../../src/operators/metric.js'
import { train } from '../../src/operators/train.js'
import { runReport } from '../../src/report/pages/runReport.js'
import { readRun } from '../../src/runtime/records/readRun.js'
import { pipeline } from '../../src/runtime/run/pipeline.js'
import { eventsIn, stepsIn, temporaryFolder } from '../runtime/fakes.js'
import { readBoard } from '../support/readBoard.js'

const tiny = architecture('tiny', { height: 28, width: 28, channels: 1 }, [
  conv2d('conv', { out: 1, kernel: 5, stride: 5 }),
  flatten(),
  linear('fc', { out: 10 }),
])

/** Ten steps of training. */
const trained = () =>
  pipeline('own figures', syntheticDigits({ train: 40, test: 10, batchSize: 8 })).pipe(
    initialise(tiny),
    crossEntropy(),
    train({ epochs: 2 }),
  )

const ema = () => metric('ema', ({ training }, before = training.loss) => 0.9 * before + 0.1 * training.loss)

/** A stage that reports an event at every fourth step. */
const reporting = <S extends Step & HasTraining>() =>
  map((step: S): S => {
    const { run, training } = step
    if (training.step % 4 === 0) run.emit({ type: 'own', name: 'fourths', values: { of: training.step / 4 } })
    return step
  })

describe('metric', () => {
  it('is a column of each step, in the report and in TensorBoard', async () => {
    const out = temporaryFolder()
    const largest = metric('largest', ({ student, training }) =>
      training.step % 2 === 0 ? tf.max(tf.abs(student.weights)) : undefined,
    )
    const { numTensors } = tf.memory()
    await trained()
      .pipe(ema(), largest, reporting())
      .run({ out, engine: 'wasm', log: ['tensorboard'] }).summary
    expect(tf.memory().numTensors).toBe(numTensors)
    const steps = stepsIn(out)
    let before = steps[0]?.loss ?? 0
    expect(steps).toHaveLength(10)
    for (const { step, loss, metrics } of steps) {
      before = 0.9 * before + 0.1 * loss
      expect(metrics?.ema).toBe(before)
      expect(metrics && 'largest' in metrics).toBe(step % 2 === 0)
    }
    const own = eventsIn(out).flatMap(({ step, event }) => (event.type === 'own' ? [[step, event.values.of]] : []))
    expect(own.map(([, value]) => value)).toEqual([1, 2])
    const report = runReport(await readRun(out, 'report'))
    for (const title of ['ema', 'largest', 'fourths']) expect(report).toContain(`<h3>${title}</h3>`)
    const [name = ''] = readdirSync(join(out, 'tensorboard'))
    const scalars = readBoard(readFileSync(join(out, 'tensorboard', name))).flatMap(({ step, values }) =>
      values.map(({ tag, simpleValue }) => [tag, step, simpleValue] as const),
    )
    expect(scalars.filter(([tag]) => tag === 'metrics/ema')).toHaveLength(10)
    expect(scalars.filter(([tag]) => tag === 'loss').map(([, , value]) => value)).toEqual(
      steps.map(({ loss }) => Math.fround(loss)),
    )
    expect(scalars.filter(([tag]) => tag === 'fourths/of').map(([, , value]) => value)).toEqual([1, 2])
  })

  it('goes on with its last value in a run that is resumed', async () => {
    const [whole, cut] = [temporaryFolder(), temporaryFolder()]
    await trained().pipe(ema()).run({ out: whole, engine: 'wasm' }).summary
    const run = trained().pipe(ema()).run({ out: cut, engine: 'wasm' })
    run.metrics$.pipe(take(4)).subscribe({ complete: () => run.stop() })
    expect((await run.result)._tag).toBe('Left')
    expect(stepsIn(cut).length).toBeLessThan(10)
    await trained().pipe(ema()).run({ resume: cut, engine: 'wasm' }).summary
    expect(stepsIn(cut).map(({ metrics }) => metrics)).toEqual(stepsIn(whole).map(({ metrics }) => metrics))
  })

  it.each([
    [
      'a figure that is not a number',
      () => trained().pipe(metric('m', () => Number.NaN)),
      /metric m: expected a finite number, got NaN/,
    ],
    ['two of one name', () => trained().pipe(ema(), ema()), /metric: expected each name once, got "ema" twice/],
  ])('refuses %s', async (_name, made, message) => {
    await expect(made().run({ out: temporaryFolder(), engine: 'wasm' }).summary).rejects.toThrow(message)
  })
})

describe('loggers by name', () => {
  it('may write elsewhere, and a wrong name is refused before the run', async () => {
    const [out, logs] = [temporaryFolder(), temporaryFolder()]
    await trained().run({ out, engine: 'wasm', log: [`tensorboard=${logs}`] }).summary
    expect(readdirSync(logs)).toHaveLength(1)
    expect(existsSync(join(out, 'tensorboard'))).toBe(false)
    expect(() => trained().run({ out, log: ['tensorbord'] })).toThrow(
      /log: expected tensorboard, mlflow, wandb, alone or with = and where to, got "tensorbord"; did you mean tensorboard\?/,
    )
  })

  it('that fail are warnings which name them', async () => {
    const out = temporaryFolder()
    const run = trained().run({ out, engine: 'wasm', log: ['mlflow=http://127.0.0.1:1'] })
    const warnings = lastValueFrom(
      run.events$.pipe(
        filter(({ type }) => type === 'warning'),
        toArray(),
      ),
    )
    await run.summary
    expect(await warnings).toEqual([
      {
        type: 'warning',
        stage: 'own figures',
        message: expect.stringMatching(/^an observer failed.*: MLflow: fetch failed$/),
      },
    ])
  })
})
