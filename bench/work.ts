import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { Rank } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { Observable } from 'rxjs'
import type { PgdOptions } from '../src/attacks/pgd.js'
import { colorsFor } from '../src/cli/draw/terminal.js'
import { openScreen } from '../src/cli/show/screen.js'
import { showProgress } from '../src/cli/show/showProgress.js'
import type { DataSource, Dataset, Split } from '../src/dsl/dataset.js'
import { describeError } from '../src/dsl/errors.js'
import { type Op, stage } from '../src/dsl/op.js'
import type { EngineChoice } from '../src/dsl/pipeline/engineChoice.js'
import type { Pipeline } from '../src/dsl/pipeline/pipeline.js'
import { enrichOnce } from '../src/dsl/stages/enrichOnce.js'
import type { Step } from '../src/dsl/step.js'
import { loadEngine } from '../src/engine/load/loadEngine.js'
import { tf } from '../src/engine/tf.js'
import {
  type Architecture,
  admmMask,
  adversarial,
  crossEntropy,
  distill,
  hsicRegularize,
  mnistNet,
  pgd,
  pipeline,
  resnet18,
  sgd,
} from '../src/index.js'
import { fillUniform, stream } from '../src/math/random.js'
import { parameterCount } from '../src/models/parameters/parameters.js'
import { parallelOf } from '../src/models/parameters/statistics.js'
import { makeStudent } from '../src/training/network/makeStudent.js'
import { type HasStudent, type HasTeacher, Student } from '../src/training/network/network.js'
import type { Recipe } from '../src/training/step/recipe.js'

/**
 * The same work as in `pytorch_step.py` under the same name, by the operators that a user composes; `distil` is `retrain`
 * without HSIC, which PyTorch's script does not have.
 */
export type Work = 'admm' | 'retrain' | 'distil' | 'advprune' | 'forward'

/** A network, and how the paper trains and attacks it. */
interface Subject {
  readonly architecture: Architecture
  readonly recipe: Partial<Recipe>
  readonly attack: PgdOptions
}

const subjects = {
  mnistNet: { architecture: mnistNet, recipe: {}, attack: { epsilon: 0.3, steps: 40, stepSize: 0.01 } },
  resnet18: {
    architecture: resnet18(),
    recipe: { optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }), learningRate: 0.01 },
    attack: { epsilon: 8 / 255, steps: 10, stepSize: 2 / 255 },
  },
} as const satisfies Readonly<Record<string, Subject>>

export type Model = keyof typeof subjects

export const models = Object.keys(subjects) as readonly Model[]

/** Times of single steps, in seconds, without the warm-up. */
export interface Times {
  readonly whole: readonly number[]
  /**
   * For each whole step: the time between the call of the source's `next` and its return, minus the time that the training
   * step reports. It is spent on RxJS, the operators around the training, events, records and progress.
   */
  readonly machinery: readonly number[]
}

export interface Load {
  readonly model: Model
  readonly engine: EngineChoice
  readonly batch: number
  /** Minibatches in an epoch. From the second epoch on, a teacher's logits of unchanged images are kept. */
  readonly batches: number
  readonly warmup: number
  readonly steps: number
}

const classes = 10

/** Random images and labels: speed does not depend on them. */
const randomSplit = (count: number, size: number): Split => {
  const random = (length: number, below: number, name: string): Uint8Array => {
    const values = new Float32Array(length)
    fillUniform(values, 0, below, stream(0, 'bench', name))
    return Uint8Array.from(values)
  }
  const labels = Uint16Array.from(random(count, classes, 'labels'))
  return { count, images: random(count * size, 256, 'images'), labels }
}

const randomData = (count: number, shape: Architecture['input']): Dataset => {
  const size = shape.height * shape.width * shape.channels
  return {
    name: 'random',
    origin: 'synthetic',
    classes,
    shape,
    train: randomSplit(count, size),
    test: randomSplit(1, size),
  }
}

const source = ({ model, batch, batches }: Load): DataSource => ({
  name: 'random',
  config: {},
  batchSize: batch,
  open: () => TE.right(randomData(batch * batches, subjects[model].architecture.input)),
})

const randomWeights = (architecture: Architecture): Float32Array => {
  const weights = new Float32Array(parameterCount(architecture))
  fillUniform(weights, -0.05, 0.05, stream(0, 'bench', 'weights'))
  return weights
}

/** Adds the fields of `loadTeacher`, without a file. */
const teacherAndStudent = ({ architecture }: Subject): Op<unknown, HasTeacher & HasStudent> =>
  stage(
    { stage: 'teacher', config: {}, needs: [], adds: ['teacher', 'student'], parallel: parallelOf(architecture) },
    enrichOnce('teacher', async ({ run }) => {
      const teacher = new Student(architecture, randomWeights(architecture))
      run.atEnd(() => teacher.dispose())
      return { teacher, student: makeStudent(run, architecture, randomWeights(architecture)) }
    }),
  )

/** Reports how long all operators after it took for each step. */
const timing =
  <S>(tell: (seconds: number) => void) =>
  (source: Observable<S>): Observable<S> =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (step) => {
          const began = performance.now()
          subscriber.next(step)
          tell((performance.now() - began) / 1000)
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    )

const pipelineOf = (work: Exclude<Work, 'forward'>, load: Load, tell: (seconds: number) => void): Pipeline<Step> => {
  const subject = subjects[load.model]
  const start = pipeline(`bench-${work}`, source(load)).pipe(timing(tell), teacherAndStudent(subject))
  const prune = { pattern: 'irregular', rate: 4, admm: subject.recipe, retrain: subject.recipe } as const
  const epochs = Math.ceil((load.warmup + load.steps + 1) / load.batches)
  if (work === 'admm') return start.pipe(distill(), admmMask({ ...prune, epochs, retrainEpochs: 0 }))
  const retrain = admmMask({ ...prune, epochs: 0, retrainEpochs: epochs })
  if (work === 'distil') return start.pipe(distill(), retrain)
  if (work === 'retrain') return start.pipe(distill(), hsicRegularize({ lambdaX: 2e-5, lambdaY: 1e-4 }), retrain)
  return start.pipe(adversarial(pgd(subject.attack)), crossEntropy(), admmMask({ ...prune, epochs, retrainEpochs: 0 }))
}

/** Discards the output for the terminal. */
const terminal = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), {
  isTTY: true,
  columns: 100,
  rows: 40,
}) as unknown as NodeJS.WriteStream

/** A whole step is everything between two steps' figures: minibatch, operators, training, records, progress. */
const timeRun = async (work: Exclude<Work, 'forward'>, load: Load): Promise<Times> => {
  const out = await mkdtemp(join(tmpdir(), 'pwoa-bench-'))
  const seen: { readonly at: number; readonly seconds: number }[] = []
  const inside: number[] = []
  try {
    const screen = await openScreen(terminal, 'normal')
    const run = pipelineOf(work, load, (seconds) => void inside.push(seconds)).run({ out, engine: load.engine })
    showProgress(run, screen, colorsFor(terminal))
    run.metrics$.subscribe(({ seconds }) => void seen.push({ at: performance.now() / 1000, seconds }))
    const result = await run.result
    if (isLeft(result)) throw new Error(describeError(result.left))
  } finally {
    await rm(out, { recursive: true, force: true })
  }
  // The last step of all also prunes.
  const kept = seen.slice(load.warmup, Math.min(load.warmup + load.steps, seen.length - 1))
  return {
    whole: kept.map(({ at }, i) => at - (seen[load.warmup + i - 1]?.at ?? Number.NaN)),
    machinery: kept.map(({ seconds }, i) => (inside[load.warmup + i] ?? Number.NaN) - seconds),
  }
}

const timed = (times: number, warmup: number, act: () => void): readonly number[] =>
  Array.from({ length: warmup + times }, () => {
    const began = performance.now()
    act()
    return (performance.now() - began) / 1000
  }).slice(warmup)

/** Inference of one minibatch, with its logits read back. */
const timeForward = async ({ model, engine, batch, warmup, steps }: Load): Promise<Times> => {
  const { architecture } = subjects[model]
  await loadEngine(engine, parallelOf(architecture))
  const student = new Student(architecture, randomWeights(architecture))
  const { height, width, channels } = architecture.input
  const images = tf.randomUniform<Rank.R4>([batch, height, width, channels])
  const whole = timed(steps, warmup, () => void tf.tidy(() => student.logits(images).dataSync()))
  tf.dispose(images)
  student.dispose()
  return { whole, machinery: [] }
}

export const time = async (work: Work, load: Load): Promise<Times> =>
  work === 'forward' ? timeForward(load) : timeRun(work, load)
