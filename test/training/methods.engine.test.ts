/** The robust losses and the pruning baselines in training: interruptions, limits, and their masks. */

import { map, type Observable, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { pgd } from '../../src/attacks/pgd.js'
import type { HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import type { Pattern } from '../../src/math/patterns.js'
import { blockNoise } from '../../src/math/perturbations.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { adversarial } from '../../src/operators/adversarial.js'
import { ceb } from '../../src/operators/ceb.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { initialise } from '../../src/operators/initialise.js'
import { lbgat } from '../../src/operators/lbgat.js'
import { learnedMask } from '../../src/operators/learnedMask.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { mart } from '../../src/operators/mart.js'
import { matchJacobian } from '../../src/operators/matchJacobian.js'
import { perturb } from '../../src/operators/perturb.js'
import { proximalMask } from '../../src/operators/proximalMask.js'
import { trades } from '../../src/operators/trades.js'
import { train } from '../../src/operators/train.js'
import { vib } from '../../src/operators/vib.js'
import { advPrune } from '../../src/pipelines/advPrune.js'
import { apd } from '../../src/pipelines/apd.js'
import { hydra } from '../../src/pipelines/hydra.js'
import { naive } from '../../src/pipelines/naive.js'
import { pwoa } from '../../src/pipelines/pwoa.js'
import type { HasGuide, HasStudent, HasTeacher } from '../../src/training/network/network.js'
import { constant } from '../../src/training/step/schedule.js'
import { sgd } from '../../src/training/step/sgd.js'
import {
  collect,
  type FakeRun,
  fakeRun,
  memory,
  normalisedNet,
  type Saved,
  tinyNet,
  turns,
} from '../support/context.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'
import { hashOf, lentSteps, numbersOf, runningOf, teacherFile, weightsOf } from '../support/steps.js'

type Trained = Observable<Step & HasStudent & HasTraining & Partial<HasGuide>>
type Loaded = Observable<Step & HasTeacher & HasStudent>
type Method = (source: Loaded) => Trained

const attack = pgd({ epsilon: 0.1, steps: 2, stepSize: 0.05, loss: 'kl', start: 'nearby' })
const fit = train({ epochs: 4, optimizer: sgd({ weightDecay: 1e-3 }), learningRate: 0.02 })
const mask = { pattern: 'irregular', rate: 4, epochs: 2, retrainEpochs: 2, updateEvery: 2 } as const
const retrain = { optimizer: sgd(), learningRate: 0.02 }

/** 12 steps each, on a network with batch normalisation. */
const methods: Readonly<Record<string, Method>> = {
  trades: (source) => source.pipe(trades(attack), fit),
  mart: (source) => source.pipe(mart(attack), fit),
  lbgat: (source) => source.pipe(lbgat(attack), fit),
  'lbgat of another network': (source) => source.pipe(lbgat(attack, { natural: tinyNet, beta: 0 }), fit),
  vib: (source) => source.pipe(crossEntropy(), vib({ size: 6, beta: 0.01 }), fit),
  'vib and HSIC behind trades': (source) =>
    source.pipe(
      trades(attack),
      vib({ size: 6, beta: 0.01 }),
      hsicRegularize({ lambdaX: 1e-2, lambdaY: 1e-2, phases: ['train'] }),
      fit,
    ),
  'vib before lbgat': (source) => source.pipe(vib({ size: 6 }), lbgat(attack), fit),
  'lbgat before vib': (source) => source.pipe(lbgat(attack), vib({ size: 6 }), fit),
  ceb: (source) => source.pipe(crossEntropy(), ceb({ size: 6 }), fit),
  'ceb behind trades': (source) => source.pipe(trades(attack), ceb({ size: 6 }), fit),
  'vib and a mask': (source) => source.pipe(distill(), vib({ size: 6 }), admmMask({ ...mask, retrain })),
  'a share of attacked minibatches': (source) =>
    source.pipe(adversarial(attack, { mixRatio: 0.5 }), distill(), crossEntropy(), fit),
  'magnitudePrune, gradual': (source) => source.pipe(crossEntropy(), magnitudePrune({ ...mask, retrain })),
  proximalMask: (source) => source.pipe(crossEntropy(), proximalMask({ ...mask, retrain })),
  learnedMask: (source) =>
    source.pipe(crossEntropy(), learnedMask({ pattern: 'irregular', rate: 4, epochs: 2, retrainEpochs: 2 })),
  'perturb, matchJacobian and distill': (source) =>
    source.pipe(perturb(blockNoise({ epsilon: 0.3 })), matchJacobian({ epsilon: 0.3, every: 2 }), distill(), fit),
  'admmMask with learned rates': (source) => source.pipe(distill(), admmMask({ ...mask, retrain, rates: 'learned' })),
  'proximalMask with the largest weights of all': (source) =>
    source.pipe(crossEntropy(), proximalMask({ ...mask, retrain, rates: 'global' })),
  hydra: (source) => source.pipe(hydra(attack, { pattern: 'irregular', rate: 4, epochs: 2, retrainEpochs: 2 })),
}

const begun = (fake: FakeRun, saved: Saved | undefined, teacher: string): Loaded =>
  lentSteps(fake, 8, saved).pipe(loadTeacher(teacher, { architecture: normalisedNet }))

const seen = (step: Step & HasStudent & HasTraining & Partial<HasGuide>) => ({
  ...numbersOf(step),
  mask: step.student.mask && hashOf(step.student.mask),
  guide: step.guide && [hashOf(weightsOf(step.guide)), hashOf(runningOf(step.guide))],
})

describe.each(Object.entries(methods))('%s', (_name, method) => {
  it('stopped after step 1, 6 or 9 and resumed ends bit for bit as it would have', async () => {
    const teacher = teacherFile(normalisedNet)
    const before = memory()
    const whole = fakeRun()
    const expected = await collect(method(begun(whole, undefined, teacher)), seen)
    whole.end()
    expect(expected).toHaveLength(12)
    expect(new Set(expected.map(({ weights }) => weights)).size).toBe(12)
    for (const steps of [1, 6, 9]) {
      const first = fakeRun()
      const part = await collect(method(begun(first, undefined, teacher)).pipe(take(steps)), seen)
      const saved = first.save()
      first.end()
      await turns()
      const second = fakeRun({ saved })
      const rest = await collect(method(begun(second, saved, teacher)), seen)
      second.end()
      await turns()
      expect([...part, ...rest], `after step ${steps}`).toEqual(expected)
      expect(memory(), `after step ${steps}`).toEqual(before)
    }
  })
})

it('lbgat trains its guide, too, from the guide’s own weights', async () => {
  const fake = fakeRun()
  const steps = await collect(begun(fake, undefined, teacherFile(normalisedNet)).pipe(lbgat(attack), fit), seen)
  fake.end()
  expect(new Set(steps.map(({ guide }) => String(guide))).size).toBe(12)
  expectEvery(steps, ({ guide, weights }) => guide?.[0] !== weights)
})

const weightsAfter = async (method: Method, seed = 1): Promise<readonly string[]> => {
  const fake = fakeRun({ seed })
  const steps = await collect(method(begun(fake, undefined, teacherFile(normalisedNet))), numbersOf)
  fake.end()
  return steps.map(({ weights, statistics }) => `${weights} ${statistics}`)
}

describe('named methods are their stages in a row, bit for bit', () => {
  const admm = { pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 } as const
  const hsic = { lambdaX: 2e-2, lambdaY: 5e-2 }
  const rows: Readonly<Record<string, readonly [Method, Method]>> = {
    advPrune: [
      (source) => source.pipe(advPrune(attack, admm)),
      (source) => source.pipe(adversarial(attack), crossEntropy(), admmMask(admm)),
    ],
    apd: [
      (source) => source.pipe(apd(attack, { ...admm, updateEvery: 1, distill: { alpha: 2 } })),
      (source) =>
        source.pipe(
          adversarial(attack),
          crossEntropy(),
          distill({ alpha: 2 }),
          proximalMask({ ...admm, updateEvery: 1 }),
        ),
    ],
    hydra: [
      (source) => source.pipe(hydra(attack, { ...admm, beta: 2 })),
      (source) => source.pipe(trades(attack, { beta: 2 }), learnedMask(admm)),
    ],
    naive: [(source) => source.pipe(naive(admm)), (source) => source.pipe(crossEntropy(), magnitudePrune(admm))],
    pwoa: [
      (source) => source.pipe(pwoa({ ...admm, hsic })),
      (source) => source.pipe(distill(), hsicRegularize(hsic), admmMask(admm)),
    ],
    'pwoa with no attacked minibatch': [
      (source) => source.pipe(pwoa({ ...admm, hsic, mixed: { attack, mixRatio: 0 } })),
      (source) => source.pipe(distill(), hsicRegularize(hsic), admmMask(admm)),
    ],
    'pwoa with attacked minibatches alone': [
      (source) => source.pipe(pwoa({ ...admm, hsic, mixed: { attack, mixRatio: 1 } })),
      (source) => source.pipe(adversarial(attack), distill(), hsicRegularize(hsic), admmMask(admm)),
    ],
  }
  it.each(Object.entries(rows))('%s', async (_name, [named, stages]) => {
    expect(await weightsAfter(named)).toEqual(await weightsAfter(stages))
  })

  it('a plan shows the options of each stage, the fields that they need and those that they add', () => {
    const { info } = pwoa({ ...admm, hsic, mixed: { attack, mixRatio: 0.2 } })
    expect(info.stage).toBe('pwoa')
    expect(Object.keys(info.config)).toEqual(['adversarial', 'distill', 'hsicRegularize', 'admmMask'])
    expect(info.config.adversarial).toMatchObject({ mixRatio: 0.2, attack: 'pgd' })
    expect([info.needs, info.adds]).toEqual([
      ['student', 'teacher'],
      ['terms', 'training'],
    ])
    expect(JSON.parse(JSON.stringify(info.config))).toStrictEqual(info.config)
  })
})

it('a mix ratio is the share of attacked minibatches, drawn anew in each epoch', async () => {
  const fake = fakeRun()
  const steps = 300
  const attacked = await collect(
    lentSteps(fake).pipe(
      initialise(tinyNet),
      adversarial(pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1 }), { mixRatio: 0.3 }),
      map(({ minibatch }) => !minibatch.unchanged),
      take(steps),
    ),
    (each) => each,
  )
  fake.end()
  const count = attacked.filter(Boolean).length
  // Four standard deviations of 300 draws: 32.
  expect(Math.abs(count - 0.3 * steps)).toBeLessThan(32)
  const epochs = Array.from({ length: steps / 3 }, (_, i) => String(attacked.slice(3 * i, 3 * i + 3)))
  expect(new Set(epochs).size).toBeGreaterThan(4)
})

const patterns: readonly Pattern[] = ['irregular', 'filter', 'column']

/** The weights that may be pruned, at each step, and the mask at the end. */
const traced = async (method: Method) => {
  const fake = fakeRun()
  const starts: Float32Array[] = []
  const source = begun(fake, undefined, teacherFile(normalisedNet)).pipe(
    tap(({ student }) => starts.push(weightsOf(student))),
  )
  const steps = await collect(method(source), ({ student, training }) => ({
    phase: training.phase,
    weights: weightsOf(student),
    mask: student.mask?.slice(),
  }))
  fake.end()
  return { start: starts[0] ?? new Float32Array(0), steps, mask: steps.at(-1)?.mask, events: fake.events }
}

const keptOf = (values: Float32Array | undefined): readonly number[] =>
  parametersOf(normalisedNet)
    .filter(({ role }) => role === 'weight')
    .map(({ offset, size }) => values?.subarray(offset, offset + size).filter((value) => value !== 0).length ?? 0)

const alike = { epochs: 1, retrainEpochs: 1, rate: 3 }
const still = { optimizer: sgd({ momentum: 0 }), learningRate: 1e-30, schedule: constant() }

describe.each(patterns)('masks of pattern %s', (pattern) => {
  const oneShot = () => traced((s) => s.pipe(crossEntropy(), magnitudePrune({ ...alike, pattern, epochs: 0 })))

  it('learnedMask’s first scores prune as magnitudes do', async () => {
    const learned = await traced((s) => s.pipe(crossEntropy(), learnedMask({ ...alike, pattern, prune: still })))
    expect(learned.mask).toEqual((await oneShot()).mask)
    // From the first step on, the network is masked; its other weights are unchanged.
    expect(keptOf(learned.steps[0]?.weights)).toEqual(keptOf(learned.mask))
    for (const [i, value] of nonEmpty((learned.steps[0]?.weights ?? []).entries()))
      if (value !== 0) expect(value).toBe(learned.start[i])
  })

  it('learnedMask with other scores prunes otherwise', async () => {
    const prune = { learningRate: 3, optimizer: sgd({ momentum: 0 }), schedule: constant() }
    const learned = await traced((s) =>
      s.pipe(crossEntropy(), learnedMask({ ...alike, epochs: 3, rate: 2, pattern, prune })),
    )
    const shot = await traced((s) => s.pipe(crossEntropy(), magnitudePrune({ ...alike, rate: 2, pattern, epochs: 0 })))
    expect(learned.mask).not.toEqual(shot.mask)
    expect(keptOf(learned.mask)).toEqual(keptOf(shot.mask))
  })

  it.each([
    ['magnitudePrune, gradual', magnitudePrune],
    ['proximalMask', proximalMask],
  ] as const)('%s ends with the sparsity of one shot, growing on its way', async (_name, prune) => {
    const { mask: found, steps } = await traced((s) =>
      s.pipe(crossEntropy(), prune({ ...alike, epochs: 4, pattern, updateEvery: 1 })),
    )
    expect(keptOf(found)).toEqual(keptOf((await oneShot()).mask))
    const totals = steps.map(({ weights }) => keptOf(weights).reduce((sum, kept) => sum + kept, 0))
    expect(totals[0]).toBeGreaterThan(totals[5] ?? 0)
    expect(totals[5]).toBeGreaterThan(totals.at(-1) ?? 0)
  })

  it('a retraining leaves pruned weights exactly zero', async () => {
    for (const prune of [magnitudePrune, proximalMask, learnedMask]) {
      const { steps } = await traced((s) => s.pipe(crossEntropy(), prune({ ...alike, retrainEpochs: 2, pattern })))
      const retrained = steps.filter(({ phase }) => phase === 'retrain')
      expect(retrained).toHaveLength(6)
      for (const { weights, mask: bits = new Float32Array(0) } of retrained) {
        expect(bits).toContain(0)
        for (const [i, bit] of nonEmpty(bits.entries())) if (bit === 0) expect(weights[i]).toBe(0)
      }
    }
  })

  it('a stage without retraining prunes at its end, and reports how much', async () => {
    for (const prune of [magnitudePrune, proximalMask, learnedMask]) {
      const { steps, events } = await traced((s) =>
        s.pipe(crossEntropy(), prune({ ...alike, retrainEpochs: 0, pattern })),
      )
      const kept = keptOf(steps.at(-1)?.weights)
      expect(kept).toEqual(keptOf((await oneShot()).mask))
      const prunableKept = kept.reduce((sum, each) => sum + each, 0)
      expect(events.find(({ type }) => type === 'parameters')).toMatchObject({ counts: { prunableKept } })
    }
  })
})

describe('a network that was pruned before', () => {
  const pruned = (source: Loaded): Loaded =>
    source.pipe(
      tap(({ student, minibatch: { epoch, batch } }) => {
        if (epoch + batch > 0) return
        const weights = weightsOf(student)
        for (const { name, offset, size } of parametersOf(normalisedNet))
          if (name === 'conv1.weight') weights.fill(0, offset, offset + size - 16)
        student.mask = weights.map((value) => Number(value !== 0))
        student.replaceWeights(tf.tensor1d(weights))
      }),
    )
  const stages: Readonly<Record<string, Method>> = {
    'magnitudePrune at once': (s) =>
      s.pipe(crossEntropy(), magnitudePrune({ ...alike, pattern: 'irregular', epochs: 0 })),
    'magnitudePrune, gradual, elsewhere': (s) =>
      s.pipe(crossEntropy(), magnitudePrune({ ...alike, pattern: 'irregular', exclude: ['conv1'], updateEvery: 1 })),
    'proximalMask of one layer': (s) =>
      s.pipe(crossEntropy(), proximalMask({ ...alike, rate: { fc: 3 }, pattern: 'irregular', updateEvery: 1 })),
    'learnedMask at a lower rate': (s) =>
      s.pipe(crossEntropy(), learnedMask({ ...alike, rate: 1.5, pattern: 'irregular' })),
    admmMask: (s) => s.pipe(distill(), admmMask({ ...alike, pattern: 'irregular', rate: { fc: 3 }, updateEvery: 1 })),
  }
  it.each(Object.entries(stages))('stays so: %s', async (_name, stage) => {
    const { steps } = await traced((s) => stage(pruned(s)))
    const conv = parametersOf(normalisedNet).find(({ name }) => name === 'conv1.weight')
    const { offset, size } = conv ?? { offset: 0, size: 0 }
    expect(size).toBeGreaterThan(16)
    for (const { weights, mask: bits } of nonEmpty(steps))
      for (const values of [weights, bits ?? []])
        expect(values.slice(offset, offset + size - 16)).toEqual(new Float32Array(size - 16))
    // It is trained all the same.
    expect(new Set(steps.map(({ weights }) => hashOf(weights))).size).toBe(steps.length)
  })
})

it.each([
  ['vib', vib({ size: 16 })],
  ['ceb', ceb({ size: 16 })],
] as const)(
  'what %s’s head needs for its training only is no part of what is pruned, nor of its budget',
  async (_name, head) => {
    const admm = { ...alike, pattern: 'irregular', updateEvery: 1, rates: 'learned' } as const
    const { events } = await traced((s) => s.pipe(distill(), head, admmMask(admm)))
    const counts = events.flatMap((event) => (event.type === 'parameters' ? [event.counts] : []))[0]
    const { total = 0, prunable = 0, prunableKept = 0 } = counts ?? {}
    expect(prunable).toBeGreaterThan(0)
    expect(prunable).toBeLessThan(total)
    // Five layers in use, each up to one weight off.
    expect(Math.abs(prunableKept - prunable / alike.rate)).toBeLessThanOrEqual(5)
  },
)

it('gradual pruning never lets a weight come back, also under momentum', async () => {
  const prune = { optimizer: sgd({ momentum: 0.9 }), learningRate: 0.05, schedule: constant() }
  const { steps } = await traced((s) =>
    s.pipe(crossEntropy(), magnitudePrune({ ...alike, epochs: 4, pattern: 'irregular', updateEvery: 2, prune })),
  )
  expect(steps.at(-1)?.mask).toContain(0)
  for (const [i, { mask: bits }] of nonEmpty(steps.entries()))
    for (const later of nonEmpty(steps.slice(i)))
      expectEvery(later.weights, (weight, at) => bits?.[at] !== 0 || weight === 0)
})

it('under proximal steps a zeroed weight may come back, and none lies between zero and its layer’s threshold', async () => {
  const fake = fakeRun()
  const prune = { optimizer: sgd({ momentum: 0.9 }), learningRate: 0.3, schedule: constant() }
  const steps = await collect(
    begun(fake, undefined, teacherFile(normalisedNet)).pipe(
      crossEntropy(),
      proximalMask({ ...alike, epochs: 4, pattern: 'irregular', updateEvery: 3, prune }),
    ),
    ({ student }) => ({ weights: weightsOf(student), values: fake.save().states.proximalMask?.values ?? {} }),
  )
  fake.end()
  const pruning = steps.slice(0, 12)
  const layers = parametersOf(normalisedNet).filter(({ role }) => role === 'weight')
  // Before the first update nothing is wanted pruned yet.
  for (const { weights, values } of nonEmpty(pruning.slice(3)))
    for (const [i, { offset, size }] of nonEmpty(layers.entries())) {
      const threshold = Number(values[`prune.threshold.${i}`])
      expect(threshold).toBeGreaterThan(0)
      expectEvery(weights.subarray(offset, offset + size), (w) => w === 0 || Math.abs(w) >= threshold)
    }
  const returned = pruning
    .slice(1)
    .flatMap(({ weights }, i) => [...weights].filter((w, at) => w !== 0 && pruning[i]?.weights[at] === 0))
  expect(returned.length).toBeGreaterThan(0)
})
