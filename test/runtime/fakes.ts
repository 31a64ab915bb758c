import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { right } from 'fp-ts/lib/Either.js'
import { defer, Observable } from 'rxjs'
import { onTestFinished } from 'vitest'
import type { RunContext } from '../../src/dsl/context.js'
import type { DataSource, Dataset } from '../../src/dsl/dataset.js'
import type { LoggedEvent } from '../../src/dsl/events.js'
import { type Lease, lend } from '../../src/dsl/lend.js'
import { type Op, stage } from '../../src/dsl/op.js'
import { makePipeline } from '../../src/dsl/pipeline/makePipeline.js'
import type { Pipeline } from '../../src/dsl/pipeline/pipeline.js'
import { enrich } from '../../src/dsl/stages/enrich.js'
import type { HasTraining, Minibatch, Step, TrainingMetrics } from '../../src/dsl/step.js'
import type { RunDependencies } from '../../src/runtime/run/runDependencies.js'
import { startRunWith } from '../../src/runtime/run/startRun.js'

/** A folder that is removed after the test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const jsonOf = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

const linesOf = (folder: string, name: string): readonly string[] =>
  readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')

/** The events in a run folder. */
export const eventsIn = (folder: string): readonly LoggedEvent[] =>
  linesOf(folder, 'events.jsonl').map((line) => JSON.parse(line) as LoggedEvent)

/** The steps in a run folder. */
export const stepsIn = (folder: string): readonly TrainingMetrics[] =>
  linesOf(folder, 'metrics.jsonl').map((line) => JSON.parse(line) as TrainingMetrics)

const split = { count: 10, images: new Uint8Array(10), labels: new Uint16Array(10) }

export const fakeData: Dataset = {
  name: 'fake digits',
  origin: 'synthetic',
  classes: 10,
  shape: { height: 1, width: 1, channels: 1 },
  train: split,
  test: split,
}

export const fakeSource: DataSource = {
  name: 'fake',
  config: { size: 10 },
  batchSize: 2,
  open: () => async () => right(fakeData),
}

const batches = 5
const noImages = {} as Tensor4D
const noLabels = {} as Tensor2D

const fakeMinibatch = (index: number, lease: Lease): Minibatch => ({
  epoch: Math.floor(index / batches),
  batch: index % batches,
  batches,
  began: 0,
  size: 2,
  indices: new Uint32Array([2 * index, 2 * index + 1]),
  images: noImages,
  labels: noLabels,
  unchanged: true,
  views: 1,
  hold: lease.hold,
  withImages: () => fakeMinibatch(index, lease),
})

/** The i-th step of a stream, from 0, outside of any run. */
export const fakeStep = (index: number): Step => ({
  run: {} as RunContext,
  minibatch: fakeMinibatch(index, { hold: () => () => undefined, over: () => false }),
})

/** The dependencies of a run without tensors; counts the minibatches on loan. */
export const fakeDependencies = (): RunDependencies & { readonly onLoan: () => number } => {
  let onLoan = 0
  return {
    onLoan: () => onLoan,
    loadEngine: async () => ({ name: 'wasm', description: 'engine: none, a fake' }),
    minibatches: (run, { start }) =>
      lend((index, lease) => {
        onLoan += 1
        const minibatch = fakeMinibatch(start.epoch * batches + start.batch + index, lease)
        const free = () => {
          onLoan -= 1
        }
        return { value: { run, minibatch }, free }
      }),
  }
}

export const fakePipeline = (name = 'fake run', dependencies: RunDependencies = fakeDependencies()): Pipeline<Step> =>
  makePipeline(name, fakeSource, startRunWith(dependencies))

export interface FakeTrainOptions {
  readonly epochs: number
  /** Called in each step, before anything is reported. */
  readonly during?: (step: number, run: RunContext) => void
}

/** A stage that "trains" one number: w ← w / 2 + index of the minibatch. Everything is a function of the state. */
export const fakeTrain = ({ epochs, during = () => undefined }: FakeTrainOptions): Op<object, HasTraining> =>
  stage({ stage: 'fakeTrain', config: { epochs }, needs: [], adds: ['training'] }, fakeTraining(epochs, during))

const fakeTraining =
  (epochs: number, during: (step: number, run: RunContext) => void) =>
  <S extends Step>(source: Observable<S>): Observable<S & HasTraining> =>
    defer(() => {
      let weight = 1
      let done = 0
      let begun = false
      let disposed = false
      const begin = (run: RunContext): void => {
        begun = true
        const kept = run.restore('fakeTrain')
        weight = kept?.arrays.weight?.[0] ?? weight
        done = Number(kept?.values.done ?? done)
        run.provide('fakeTrain', () => {
          if (disposed) throw new Error('read after free')
          return { arrays: { weight: Float32Array.of(weight) }, values: { done } }
        })
        run.emit({ type: 'phase', stage: 'fakeTrain', phase: 'train', epochs })
      }
      return new Observable<S & HasTraining>((subscriber) => {
        const subscription = source.subscribe({
          next: (step) => {
            const { run, minibatch } = step
            if (!begun) begin(run)
            if (done === epochs * batches) {
              // As in the real stages: if nothing is left to train after resuming, the last step is emitted again.
              const again = { phase: 'train', epoch: 0, epochs, batch: 0, batches, step: done, steps: done } as const
              const training = { ...again, learningRate: 0, loss: 0, terms: {}, seconds: 0 }
              subscriber.next(enrich('fakeTrain', step, { training }))
              return subscriber.complete()
            }
            during(done, run)
            weight = Math.fround(weight / 2 + minibatch.batch + minibatch.epoch)
            done += 1
            const { epoch, batch } = minibatch
            const last = batch === batches - 1
            run.reached(last ? { epoch: epoch + 1, batch: 0 } : { epoch, batch: batch + 1 })
            const facts = { phase: 'train', epoch, epochs } as const
            const training = {
              ...facts,
              batch,
              batches,
              step: done,
              steps: epochs * batches,
              learningRate: 0.1,
              loss: weight,
              terms: { weight },
              seconds: 0.001 * done,
            }
            if (last) run.emit({ type: 'epoch', stage: 'fakeTrain', ...facts, loss: weight, terms: {}, seconds: 0.01 })
            subscriber.next(enrich('fakeTrain', step, { training }))
            if (done === epochs * batches) subscriber.complete()
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        })
        return () => {
          disposed = true
          subscription.unsubscribe()
        }
      })
    })

/** A stage that reads files, as loadTeacher does. */
export const reading = (...files: readonly string[]): Op<unknown, unknown> =>
  stage({ stage: 'reading', config: { files }, needs: [], adds: [], reads: files }, (source) => source)
