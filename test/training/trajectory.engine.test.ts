/** The reference's own small run, followed step by step by the stages that a user composes. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isLeft } from 'fp-ts/lib/Either.js'
import { map, type Observable, tap } from 'rxjs'
import { beforeAll, expect, it } from 'vitest'
import type { Dataset } from '../../src/dsl/dataset.js'
import { describeError } from '../../src/dsl/errors.js'
import { type Lease, lend } from '../../src/dsl/lend.js'
import type { Minibatch, Step, TrainingMetrics } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { readIdxImages, readIdxLabels } from '../../src/io/datasets/mnist/idx.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { unpackWeights } from '../../src/models/parameters/weights.js'
import { mnistNet } from '../../src/models/zoo/zoo.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { distill } from '../../src/operators/distill.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'
import type { HasStudent } from '../../src/training/network/network.js'
import { adam } from '../../src/training/step/adam.js'
import { constant, cosine } from '../../src/training/step/schedule.js'
import { collect, type FakeRun, fakeRun } from '../support/context.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'
import { describeGolden, ownName, readGolden, readPublicNetwork } from '../support/golden.js'
import { weightsOf } from '../support/steps.js'

interface Facts {
  readonly sum: number
  readonly l2: number
  readonly first4: readonly number[]
}

interface GoldenStep {
  readonly stage: 'init' | 'admm' | 'hard_prune' | 'retrain'
  readonly images?: readonly [number, number]
  readonly lr?: number
  readonly distill?: number
  readonly hsic?: number
  readonly total?: number
  readonly admm?: Readonly<Record<string, number>>
  readonly rho?: Readonly<Record<string, number>>
  readonly Z_l2?: Readonly<Record<string, number>>
  readonly U_l2?: Readonly<Record<string, number>>
  readonly kept?: Readonly<Record<string, number>>
  readonly params?: Readonly<Record<string, Facts>>
}

/** The state of our run after a step, or, under `hard_prune`, at the start of the retraining. */
interface Seen {
  readonly metrics: TrainingMetrics | undefined
  readonly weights: Float32Array
  readonly mask: Float32Array | undefined
  readonly rho: number | undefined
  readonly z: Float32Array | undefined
  readonly u: Float32Array | undefined
}

const BATCH = 16
const shared = (path: string): string => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url))

const trainingImages = (count: number): Dataset => {
  const file = (name: string) => readFileSync(shared(`data/mnist/train-${name}.gz`))
  const images = readIdxImages(file('images-idx3-ubyte'), 'images')
  const labels = readIdxLabels(file('labels-idx1-ubyte'), 'labels', 10)
  if (isLeft(images)) throw new Error(describeError(images.left))
  if (isLeft(labels)) throw new Error(describeError(labels.left))
  const split = {
    count,
    images: images.right.pixels.slice(0, count * 28 * 28),
    labels: Uint16Array.from(labels.right.subarray(0, count)),
  }
  return {
    name: 'MNIST',
    origin: 'original',
    classes: 10,
    shape: { height: 28, width: 28, channels: 1 },
    train: split,
    test: split,
  }
}

/** Steps in file order, two an epoch, with the images that the reference took. */
const inFileOrder = ({ run }: FakeRun, ranges: readonly (readonly [number, number])[]): Observable<Step> =>
  lend((index, lease: Lease) => {
    const range = ranges[index]
    if (!range) return undefined
    const indices = Uint32Array.from({ length: range[1] - range[0] }, (_, i) => range[0] + i)
    const images = imagesOf(run.data.train, run.data.shape, indices)
    const labels = labelsOf(run.data.train, run.data.classes, indices)
    const minibatch: Minibatch = {
      epoch: Math.floor(index / 2),
      batch: index % 2,
      batches: 2,
      began: performance.now(),
      size: BATCH,
      indices,
      images,
      labels,
      unchanged: true,
      views: 1,
      hold: lease.hold,
      withImages: () => {
        throw new Error('no stage here changes images')
      },
    }
    return { value: { run, minibatch }, free: () => tf.dispose([images, labels]) }
  })

/** Lets the student start from other weights than the teacher's: the reference's run does. */
const startFrom =
  (weights: Float32Array) =>
  <S extends Step & HasStudent>(source: Observable<S>): Observable<S> =>
    source.pipe(
      tap(({ student, minibatch: { epoch, batch } }) => {
        if (epoch === 0 && batch === 0) student.replaceWeights(tf.tensor1d(weights))
      }),
    )

const follow = async (golden: readonly GoldenStep[]): Promise<readonly Seen[]> => {
  const { weights } = await readPublicNetwork('mnist_fastat_fgsm')
  const seen: Seen[] = []
  let student: HasStudent['student'] | undefined
  const look = (metrics?: TrainingMetrics): void => {
    if (!student) throw new Error('no student yet')
    const { arrays = {}, values = {} } = fake.save().states.admmMask ?? {}
    const { 'admm.u': u, 'admm.target': target } = arrays
    seen.push({
      metrics,
      weights: weightsOf(student),
      mask: student.mask,
      rho: typeof values['admm.rho'] === 'number' ? values['admm.rho'] : undefined,
      u,
      z: target?.map((value, i) => value + Number(u?.[i])),
    })
  }
  const fake = fakeRun({
    data: trainingImages(128),
    onEvent: (event) => {
      if (event.type === 'phase' && event.phase === 'retrain') look()
    },
  })
  const ranges = golden.flatMap(({ images }) => (images ? [images] : []))
  const trained = inFileOrder(fake, ranges).pipe(
    loadTeacher(shared('checkpoints/mnist_fastat_pgd.pth'), { architecture: 'mnistNet' }),
    startFrom(weights),
    tap((step) => {
      student = step.student
      if (seen.length === 0) look()
    }),
    distill({ temperature: 30, alpha: 10 }),
    hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }),
    admmMask({
      pattern: 'irregular',
      rate: { '0': 4, '2': 4 },
      epochs: 2,
      updateEvery: 1,
      rho: { initial: 0.01, growth: 1.35, max: 1 },
      admm: { optimizer: adam(), learningRate: 5e-4, schedule: constant() },
      // The reference has one epoch of 4 steps. The cosine depends on the step, so 2 epochs of 2 steps are the same.
      retrainEpochs: 2,
      retrain: { optimizer: adam(), learningRate: 1e-3, schedule: cosine() },
    }),
    map(({ training }) => training),
  )
  await collect(trained, (training) => look(training))
  fake.end()
  return seen
}

type Flat = Float32Array

// Measured on both engines: the worst is in brackets; each bound is a few times that.
/** The logarithms of two nearly equal distributions (T = 30) are subtracted: 1.2e-7 grows to [5e-6]. */
const DISTILLATION = 2e-5
/** Inverses of matrices of condition 1e4, differences of two terms each: [5e-5]. The reference's own float32 is off by far more. */
const HSIC = 2e-4
/** Squares of differences of weights, in float32: [9e-6]. */
const PENALTY = 2e-5
/** A norm over a tensor of float32 values: [5e-8]. */
const NORM = 1e-6
/** A single weight of at most 1 after up to 4 steps of Adam, each 5e-4 … 1e-3 long and off by 1e-4 of that: [6e-8].
 * Independent errors add up in a sum like the root of their number: [1.5e-7 · √n]. */
const ELEMENT = 1e-6
/** Plain float64 numbers on both sides. */
const EXACT = 1e-12

const expectClose = (found: number | undefined, expected: number | undefined, relative: number, name = ''): void => {
  if (expected === undefined) expect.soft(found).toBeUndefined()
  else
    expect
      .soft(Math.abs(Number(found) - expected), `${found} for ${expected} ${name}`)
      .toBeLessThanOrEqual(relative * Math.abs(expected))
}

const at = <T>(list: readonly T[], i: number): T => {
  const found = list[i]
  if (found === undefined) throw new Error(`nothing at ${i}`)
  return found
}

const l2 = (values: Iterable<number>): number => Math.sqrt([...values].reduce((sum, value) => sum + value ** 2, 0))

const piece = (flat: Float32Array | undefined, name: string): Float32Array => {
  const parameter = parametersOf(mnistNet).find((each) => each.name === ownName(name))
  if (!flat || !parameter) throw new Error(`no ${name}`)
  return flat.subarray(parameter.offset, parameter.offset + parameter.size)
}

describeGolden('the trajectory of train_steps.json', () => {
  const golden = readGolden<{ steps: readonly GoldenStep[] }>('train_steps').steps
  /** The steps of which the reference has this. */
  const stepsWith = (key: keyof GoldenStep): readonly number[] =>
    golden.flatMap((step, i) => (step[key] === undefined ? [] : [i]))
  let seen: readonly Seen[] = []

  beforeAll(async () => {
    seen = await follow(golden)
  })

  it('has as many steps', () => {
    expect(seen.map(({ metrics }) => metrics?.phase)).toEqual(
      golden.map(({ stage }) => (stage === 'admm' || stage === 'retrain' ? stage : undefined)),
    )
  })

  it.each(stepsWith('total'))('step %s: losses', (i) => {
    const expected = at(golden, i)
    const { metrics } = at(seen, i)
    expectClose(metrics?.terms.distillation, expected.distill, DISTILLATION)
    expectClose(metrics?.terms.hsic, expected.hsic, HSIC)
    expectClose(metrics?.loss, expected.total, DISTILLATION)
  })

  it.each(stepsWith('lr'))('step %s: learning rate', (i) => {
    expectClose(at(seen, i).metrics?.learningRate, at(golden, i).lr, EXACT)
  })

  it.each(stepsWith('admm'))('step %s: penalty', (i) => {
    const expected = at(golden, i).admm ?? {}
    const { metrics, rho = Number.NaN, z, u } = at(seen, i)
    const penalties = Object.values(expected)
    expectClose(
      metrics?.terms.admm,
      penalties.reduce((sum, value) => sum + value, 0),
      PENALTY,
    )
    for (const [name, penalty] of nonEmpty(Object.entries(expected))) {
      const [w, zl, ul] = [at(seen, i - 1).weights, z, u].map((flat) => piece(flat, name)) as [Flat, Flat, Flat]
      const residual = w.map((value, k) => value - Number(zl[k]) + Number(ul[k]))
      expectClose((rho / 2) * l2(residual) ** 2, penalty, PENALTY)
    }
  })

  it.each(stepsWith('rho'))('step %s: ρ, Z and U', (i) => {
    const { rho, Z_l2, U_l2 } = at(golden, i)
    const found = at(seen, i)
    for (const [name, value] of nonEmpty(Object.entries(rho ?? {}))) expectClose(found.rho, value, EXACT, name)
    for (const [name, value] of nonEmpty(Object.entries(Z_l2 ?? {})))
      expectClose(l2(piece(found.z, name)), value, NORM, name)
    for (const [name, value] of nonEmpty(Object.entries(U_l2 ?? {})))
      expectClose(l2(piece(found.u, name)), value, NORM, name)
  })

  it.each(stepsWith('params'))('step %s: parameters', (i) => {
    const { weights } = at(seen, i)
    const tensors = unpackWeights(mnistNet, weights)
    for (const [name, { sum, l2: norm, first4 }] of nonEmpty(Object.entries(at(golden, i).params ?? {}))) {
      const data = tensors.get(ownName(name))?.data ?? new Float32Array(0)
      const total = data.reduce((so, value) => so + value, 0)
      expect.soft(Math.abs(total - sum), `sum of ${name}`).toBeLessThan(ELEMENT * Math.sqrt(data.length))
      expectClose(l2(data), norm, NORM, name)
      for (const [k, value] of nonEmpty(first4.entries()))
        expect.soft(Math.abs(Number(data[k]) - value), `${name}[${k}]`).toBeLessThan(ELEMENT)
    }
  })

  it('keeps as many weights, and keeps the pruned ones at zero to the end', () => {
    const pruned = golden.findIndex(({ stage }) => stage === 'hard_prune')
    const { mask } = at(seen, pruned)
    for (const [name, kept] of nonEmpty(Object.entries(at(golden, pruned).kept ?? {})))
      expect(
        piece(mask, name).reduce((sum, bit) => sum + bit, 0),
        name,
      ).toBe(kept)
    for (const { weights } of nonEmpty(seen.slice(pruned)))
      expectEvery(weights, (value, k) => mask?.[k] === 1 || value === 0)
  })
})
