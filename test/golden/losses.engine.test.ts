/** TRADES, MART, LBGAT and HYDRA against PyTorch: scripts/golden_losses.py. */

import { readFileSync } from 'node:fs'
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { finalize, type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../src/dsl/dataset.js'
import { describeError } from '../../src/dsl/errors.js'
import type { HasTerms, HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { lbgatLoss } from '../../src/math/lbgat.js'
import { martLoss } from '../../src/math/mart.js'
import { tradesLoss } from '../../src/math/trades.js'
import {
  type NamedTensors,
  type Packed,
  packNetwork,
  unpackStatistics,
  unpackWeights,
} from '../../src/models/parameters/weights.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { lbgat } from '../../src/operators/lbgat.js'
import { learnedMask } from '../../src/operators/learnedMask.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { mart } from '../../src/operators/mart.js'
import { trades } from '../../src/operators/trades.js'
import { train } from '../../src/operators/train.js'
import type { HasGuide, HasStudent, Student } from '../../src/training/network/network.js'
import { constant } from '../../src/training/step/schedule.js'
import { sgd } from '../../src/training/step/sgd.js'
import { collect, fakeRun, normalisedNet, tinyData } from '../support/context.js'
import { expectClose, expectEach } from '../support/expectClose.js'
import { nonEmpty } from '../support/expectEvery.js'
import { fixedAttack } from '../support/fixedAttack.js'
import { seededNumbers } from '../support/numbers.js'
import { checkpointFile, lentSteps, runningOf, weightsOf } from '../support/steps.js'
import { seededState } from '../support/torchValues.js'

type Vectors = Readonly<Record<string, readonly number[]>>

interface OfNetwork {
  readonly gradients: Vectors
  readonly statistics: Vectors
}

interface Golden {
  readonly settings: {
    readonly cases: {
      readonly examples: number
      readonly classes: number
      readonly scales: readonly number[]
      readonly logits: number
      readonly guide: number
    }
    readonly beta: number
    readonly lambda: number
    readonly examples: number
    readonly images: number
    readonly attack: number
    readonly guide: number
    readonly hydra: {
      readonly rate: number
      readonly steps: number
      readonly lr: number
      readonly momentum: number
      readonly weight_decay: number
    }
    readonly tensors: readonly (readonly [string, readonly number[]])[]
  }
  readonly logits: readonly Readonly<
    Record<
      'trades' | 'mart' | 'lbgat',
      { readonly value: number; readonly logits: readonly number[]; readonly guide?: readonly number[] }
    >
  >[]
  readonly network: Readonly<
    Record<'trades' | 'mart' | 'lbgat', OfNetwork & { readonly loss: number; readonly guide?: OfNetwork }>
  >
  readonly hydra: { readonly losses: readonly number[]; readonly trained: Vectors; readonly masks: Vectors }
}

const golden: Golden = JSON.parse(readFileSync(new URL('losses.json', import.meta.url), 'utf8'))
const { cases, beta, lambda, examples, images, attack, guide: guideSeed, hydra, tensors } = golden.settings

/**
 * Relative to the largest value of the list. The values are in float64; PyTorch's own float32 differs by up to 1.3e-6
 * in the network and 1.8e-7 elsewhere (`float32` in the file). This is about ten times that. Gradients computed as w −
 * w' have a further error of 1e-7 of w, and a layer's gradients are a tenth of its weights.
 */
const NETWORK = 1e-5
const LOGITS = 2e-6

describe.each([...cases.scales.entries()])('of logits, case %i', (which, scale) => {
  const { examples: n, classes } = cases
  const tensor = (seed: number, rows: number): Tensor2D =>
    tf.tensor2d(
      seededNumbers(seed, rows * classes).map((value) => value * scale),
      [rows, classes],
    )
  const labels = (): Tensor2D =>
    tf.tensor2d(
      Array.from({ length: 2 * n }, (_, row) =>
        Array.from({ length: classes }, (__, c) => ((row % n) % classes === c ? 1 : 0)),
      ),
    )
  const expected = golden.logits[which]

  it.each([
    ['trades', (logits: Tensor2D) => tradesLoss(logits, labels(), beta)],
    ['mart', (logits: Tensor2D) => martLoss(logits, labels(), lambda)],
    ['lbgat', (logits: Tensor2D, guide: Tensor2D) => lbgatLoss(logits, guide, labels(), beta)],
  ] as const)('%s: value and gradients', (name, loss) => {
    tf.tidy(() => {
      const inputs = [tensor(cases.logits, 2 * n), ...(name === 'lbgat' ? [tensor(cases.guide, n)] : [])]
      const { value, grads } = tf.valueAndGrads(
        (...[logits, guide]: Tensor[]): Scalar => loss(logits as Tensor2D, guide as Tensor2D),
      )(inputs)
      expectClose(value.dataSync(), [expected?.[name].value ?? Number.NaN], LOGITS, 'value')
      expectClose(grads[0]?.dataSync() ?? [], expected?.[name].logits ?? [], LOGITS, 'logits')
      if (name === 'lbgat') expectClose(grads[1]?.dataSync() ?? [], expected?.lbgat.guide ?? [], LOGITS, 'guide')
    })
  })
})

const packed = (dict: NamedTensors): Packed => {
  const result = packNetwork('test', 'seeded', normalisedNet, dict)
  if (isLeft(result)) throw new Error(describeError(result.left))
  return result.right
}

const size = 64
const pixels = Uint8Array.from(seededNumbers(images, examples * size), (value) => Math.floor((value + 1) * 128))
const split = { count: examples, images: pixels, labels: Uint16Array.from({ length: examples }, (_, i) => i % 3) }
const data: Dataset = { ...tinyData, train: split, test: split }

const fixed = fixedAttack(seededNumbers(images + 1, examples * size), attack)

const step = train({
  epochs: 1,
  optimizer: sgd({ momentum: 0 }),
  learningRate: 1,
  schedule: constant(),
})

const state = seededState(tensors)
const start = packed(state).weights

/** With a learning rate of 1 the gradient is w − w'. */
const gradientOf = (from: Float32Array, student: Student): NamedTensors =>
  unpackWeights(
    normalisedNet,
    weightsOf(student).map((value, i) => Number(from[i]) - value),
  )

const checked = (from: Float32Array, network: Student, expected: OfNetwork): void => {
  expectEach(gradientOf(from, network), expected.gradients, NETWORK)
  expectEach(unpackStatistics(normalisedNet, runningOf(network)), expected.statistics, NETWORK)
}

const loaded = (): Observable<Step & HasStudent> => {
  const fake = fakeRun({ data })
  const file = checkpointFile(state)
  return lentSteps(fake, examples).pipe(loadTeacher(file, { architecture: normalisedNet }), finalize(fake.end))
}

describe('one step of a network with batch normalisation', () => {
  it.each([
    ['trades', trades(fixed, { beta })],
    ['mart', mart(fixed, { lambda })],
  ] as const)('%s: loss, gradients, and statistics, which both passes update', async (name, stage) => {
    const expected = golden.network[name]
    const taken: Observable<Step & HasStudent & HasTerms & HasTraining> = loaded().pipe(stage, step)
    const seen = await collect(taken, ({ training, student }) => {
      expectClose([training.loss], [expected.loss], NETWORK, 'loss')
      checked(start, student, expected)
    })
    // The checks run inside the stream: without this, a stream that emits nothing would pass.
    expect(seen).toHaveLength(1)
  })

  it('lbgat: the same for the student and its guide', async () => {
    const expected = golden.network.lbgat
    const guideState = seededState(tensors, guideSeed)
    const guideStart = packed(guideState)
    const replace = ({ guide }: HasGuide): void => {
      guide.replaceWeights(tf.tensor1d(guideStart.weights))
      guide.replaceStatistics(tf.tensor1d(guideStart.statistics))
    }
    const seen = await collect(
      loaded().pipe(
        lbgat(fixed, { beta }),
        tap((each) => replace(each)),
        step,
      ),
      ({ training, student, guide }) => {
        expectClose([training.loss], [expected.loss], NETWORK, 'loss')
        checked(start, student, expected)
        if (expected.guide) checked(guideStart.weights, guide, expected.guide)
      },
    )
    expect(seen).toHaveLength(1)
    expect(expected.guide).toBeDefined()
  })
})

it('learnedMask: three steps of the scores and of batch normalisation, and the resulting mask', async () => {
  const fake = fakeRun({ data })
  const masked = lentSteps(fake, examples).pipe(
    loadTeacher(checkpointFile(state), { architecture: normalisedNet }),
    crossEntropy(),
    learnedMask({
      pattern: 'irregular',
      rate: hydra.rate,
      epochs: hydra.steps,
      retrainEpochs: 1,
      prune: {
        optimizer: sgd({ momentum: hydra.momentum, weightDecay: hydra.weight_decay }),
        learningRate: hydra.lr,
        schedule: constant(),
      },
    }),
  )
  const seen = await collect(masked, ({ training, student }) => ({
    loss: training.loss,
    scores: fake.save().states.learnedMask?.arrays['prune.scores'],
    mask: student.mask,
    weights: weightsOf(student),
  }))
  fake.end()
  expect(seen).toHaveLength(hydra.steps + 1)
  expectClose(
    seen.slice(0, hydra.steps).map(({ loss }) => loss),
    golden.hydra.losses,
    NETWORK,
    'losses',
  )
  const last = seen[hydra.steps - 1]
  expectEach(unpackWeights(normalisedNet, last?.scores ?? start), golden.hydra.trained, NETWORK)
  const mask = seen.at(-1)?.mask ?? start
  for (const [name, values] of nonEmpty(Object.entries(golden.hydra.masks)))
    expect([...(unpackWeights(normalisedNet, mask).get(name)?.data ?? [])], name).toEqual(values)
  // The network itself keeps the frozen weights throughout, masked.
  for (const [name, { data: weights }] of nonEmpty(unpackWeights(normalisedNet, last?.weights ?? start))) {
    const frozen = state.get(name)?.data ?? []
    if (golden.hydra.masks[name]) for (const [i, w] of weights.entries()) expect([0, frozen[i]]).toContain(w)
    if (name === 'fc.bias') expect(weights).toEqual(frozen)
  }
})
