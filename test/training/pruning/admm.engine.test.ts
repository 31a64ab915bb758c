import { type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { HasTraining, Step } from '../../../src/dsl/step.js'
import type { Pattern } from '../../../src/math/patterns.js'
import { parametersOf } from '../../../src/models/parameters/parameters.js'
import { type AdmmMaskOptions, admmMask } from '../../../src/operators/admmMask.js'
import { crossEntropy } from '../../../src/operators/crossEntropy.js'
import { initialise } from '../../../src/operators/initialise.js'
import type { HasStudent } from '../../../src/training/network/network.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { layerRates } from '../../../src/training/pruning/rates.js'
import { constant } from '../../../src/training/step/schedule.js'
import { sgd } from '../../../src/training/step/sgd.js'
import { collect, type FakeRun, fakeRun, tinyNet } from '../../support/context.js'
import { expectEvery, nonEmpty } from '../../support/expectEvery.js'
import { distance } from '../../support/numbers.js'
import { lentSteps, weightsOf } from '../../support/steps.js'

/** 3 steps an epoch. */
const pruned = (fake: FakeRun, options: AdmmMaskOptions): Observable<Step & HasStudent & HasTraining> =>
  lentSteps(fake).pipe(initialise(tinyNet), crossEntropy(), admmMask(options))

const admmState = (fake: FakeRun) => {
  const { arrays = {}, values = {} } = fake.save().states.admmMask ?? {}
  const u = arrays['admm.u'] ?? new Float32Array(0)
  const z = (arrays['admm.target'] ?? u).map((value, i) => value + Number(u[i]))
  return { u, z, rho: Number(values['admm.rho']) }
}

/** W, Z, U and ρ after each step. */
const trace = async (options: AdmmMaskOptions, fake = fakeRun()) => {
  const starts: Float32Array[] = []
  const stream = lentSteps(fake).pipe(
    initialise(tinyNet),
    tap(({ student }) => starts.push(weightsOf(student))),
    crossEntropy(),
    admmMask(options),
  )
  const steps = await collect(stream, ({ student, training }) => ({
    ...admmState(fake),
    phase: training.phase,
    epoch: training.epoch,
    w: weightsOf(student),
  }))
  fake.end()
  return steps.map((step, i) => ({ ...step, before: starts[i] ?? new Float32Array(0) }))
}

type Traced = Awaited<ReturnType<typeof trace>>[number]

const at = (steps: readonly Traced[], i: number): Traced => {
  const found = steps[i]
  if (!found) throw new Error(`no step ${i}`)
  return found
}

const task = (pattern: Pattern, rate: number) => ({ pattern, rates: layerRates('test', tinyNet, rate, []) })

const projected = (values: Float32Array, pattern: Pattern, rate: number): Float32Array => {
  const mask = maskOf(tinyNet, values, task(pattern, rate))
  return values.map((value, i) => (mask[i] === 1 ? value : 0))
}

const plus = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + Number(b[i]))
const minus = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - Number(b[i]))

/** Z is kept as Z − U: adding U again rounds twice in float32, at weights below 1. */
const ROUNDING = 3e-7

describe('the ADMM phase', () => {
  const options: AdmmMaskOptions = {
    pattern: 'irregular',
    rate: 4,
    epochs: 5,
    updateEvery: 2,
    rho: { initial: 0.1, growth: 3, max: 0.5 },
    admm: { optimizer: sgd(), learningRate: 0.05, schedule: constant() },
    retrainEpochs: 1,
  }

  it('starts from Z = Π(W) and U = 0', async () => {
    const { before, z, u } = at(await trace(options), 0)
    expect(distance(z, projected(before, 'irregular', 4))).toBe(0)
    expectEvery(u, (value) => value === 0)
  })

  it('updates Z, U and ρ at the start of every second epoch, and at no other time', async () => {
    const steps = (await trace(options)).filter(({ phase }) => phase === 'admm')
    expect(steps).toHaveLength(15)
    for (let i = 1; i < steps.length; i++) {
      const [last, step] = [at(steps, i - 1), at(steps, i)]
      if (i === 6 || i === 12) {
        const z = projected(plus(step.before, last.u), 'irregular', 4)
        expect(distance(step.z, z)).toBeLessThan(ROUNDING)
        expect(distance(step.u, plus(last.u, minus(step.before, z)))).toBeLessThan(ROUNDING)
        expect(distance(step.u, last.u)).toBeGreaterThan(1e-3)
      } else {
        expect(distance(step.u, last.u)).toBe(0)
        expect(distance(step.z, last.z)).toBe(0)
      }
    }
  })

  it('reports ρ and both residuals at each update: ‖W − Z‖, and ρ‖Z − Z before‖ with the ρ of the epochs before', async () => {
    const fake = fakeRun()
    const steps = await trace(options, fake)
    const length = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0))
    const pruned = task('irregular', 4).rates.map(({ parameter }) => parameter)
    const onPruned = (values: Float32Array): number =>
      Math.hypot(...pruned.map(({ offset, size }) => length(values.subarray(offset, offset + size))))
    const reported = fake.events.filter((event) => event.type === 'admm')
    expect(reported.map(({ epoch, rho }) => [epoch, rho])).toEqual([
      [0, 0.1],
      [2, 0.1 * 3],
      [4, 0.5],
    ])
    for (const [i, { primal, dual }] of reported.entries()) {
      const step = at(steps, 6 * i)
      expect(primal).toBeCloseTo(onPruned(minus(step.before, step.z)), 5)
      const last = i === 0 ? undefined : at(steps, 6 * i - 1)
      expect(dual).toBeCloseTo(last ? last.rho * onPruned(minus(step.z, last.z)) : 0, 5)
      if (i > 0) expect(dual).toBeGreaterThan(1e-3)
    }
  })

  it('reports the weights of each layer after each epoch', async () => {
    const fake = fakeRun()
    const steps = await trace(options, fake)
    const reported = fake.events.filter((event) => event.type === 'weights')
    expect(reported.map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual([
      ...[0, 1, 2, 3, 4].map((epoch) => `admm ${epoch}`),
      'retrain 0',
    ])
    const weights = parametersOf(tinyNet).filter(({ role }) => role === 'weight')
    for (const [i, { layers }] of reported.entries()) {
      const { w } = at(steps, 3 * i + 2)
      for (const [k, { offset, size, node }] of nonEmpty(weights.entries())) {
        const own = w.subarray(offset, offset + size)
        const { histogram = [], ...figures } = layers[k] ?? {}
        const zeros = own.filter((value) => value === 0).length
        expect(figures).toEqual({ name: node, size, zeros, bound: Math.max(...own.map(Math.abs)) })
        expect(histogram.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 2)
        const negative = own.filter((value) => value < 0).length / (size - zeros)
        const middle = histogram[(histogram.length - 1) / 2] ?? 0
        const left = histogram.slice(0, (histogram.length - 1) / 2).reduce((sum, share) => sum + share, 0)
        expect(left).toBeLessThanOrEqual(negative + 1e-2)
        expect(left + middle).toBeGreaterThanOrEqual(negative - 1e-2)
      }
    }
  })

  it('lets ρ grow by its factor up to its cap', async () => {
    const steps = (await trace({ ...options, epochs: 7, retrainEpochs: 0 })).map(({ rho }) => rho)
    const byEpoch = steps.filter((_, i) => i % 3 === 0)
    expect(byEpoch).toEqual([0.1, 0.1, 0.1 * 3, 0.1 * 3, 0.5, 0.5, 0.5])
  })

  it('does not project W itself before the hard prune', async () => {
    const steps = await trace(options)
    for (const { phase, w } of nonEmpty(steps)) {
      const zeros = w.filter((value) => value === 0).length
      if (phase === 'admm') expect(zeros).toBe(0)
      else expect(zeros).toBeGreaterThan(w.length / 2)
    }
  })

  it('pulls W towards Z: a larger ρ ends nearer', async () => {
    const gap = async (initial: number): Promise<number> => {
      const last = at(await trace({ ...options, epochs: 4, rho: { initial, growth: 1, max: initial } }), 11)
      return Math.sqrt(minus(last.w, last.z).reduce((sum, value) => sum + value ** 2, 0))
    }
    expect(await gap(1)).toBeLessThan(0.8 * (await gap(0.001)))
  })

  it('reports the penalty of the weights that the step started from', async () => {
    const fake = fakeRun()
    const starts: Float32Array[] = []
    const stream = pruned(fake, options).pipe(tap(({ student }) => starts.push(weightsOf(student))))
    const losses = await collect(stream, ({ training }) => ({ ...training, ...admmState(fake) }))
    fake.end()
    for (let i = 1; i < losses.length; i++) {
      const step = losses[i]
      if (step?.phase !== 'admm') continue
      const residual = plus(minus(starts[i - 1] ?? new Float32Array(0), step.z), step.u)
      const weights = parametersOf(tinyNet).filter(({ role }) => role === 'weight')
      const squares = weights
        .flatMap(({ offset, size }) => [...residual.subarray(offset, offset + size)])
        .reduce((sum, value) => sum + value ** 2, 0)
      // A sum of about 1,000 float32 squares against float64.
      expect(Math.abs(Number(step.terms.admm) / ((step.rho / 2) * squares) - 1)).toBeLessThan(1e-5)
      expect(Math.abs(step.loss - Object.values(step.terms).reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-6)
    }
  })
})

describe('pruned weights stay exactly 0 through the retraining', () => {
  it.each(['irregular', 'filter', 'column'] as const)('%s', async (pattern) => {
    for (const optimizer of [undefined, sgd({ momentum: 0.9, weightDecay: 0.01 })]) {
      const retrain = { learningRate: 0.05, ...(optimizer ? { optimizer } : {}) }
      const fake = fakeRun()
      const stream = pruned(fake, { pattern, rate: 2, epochs: 1, retrainEpochs: 4, retrain })
      const steps = await collect(stream, ({ student, training }) => ({
        phase: training.phase,
        w: weightsOf(student),
        mask: student.mask,
      }))
      fake.end()
      const retrained = steps.filter(({ phase }) => phase === 'retrain')
      expect(retrained).toHaveLength(12)
      const first = retrained[0]
      const last = retrained.at(-1)
      for (const { w, mask } of retrained) {
        expect(mask).toBe(first?.mask)
        // Compared by bits: −0 would not do either.
        expectEvery(w, (value, i) => mask?.[i] === 1 || Object.is(value, 0))
      }
      // The kept ones move, biases included.
      const moved = last?.w.filter((value, i) => last.mask?.[i] === 1 && value !== first?.w[i]).length
      expect(Number(moved)).toBeGreaterThan(100)
      expect(distance(last?.w ?? [], first?.w ?? [])).toBeGreaterThan(1e-2)
    }
  })

  it('counts the kept weights', async () => {
    const fake = fakeRun()
    await collect(pruned(fake, { pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 }), () => undefined)
    fake.end()
    const [event] = fake.events.filter(({ type }) => type === 'parameters')
    // conv 64 → 16, fc1 768 → 192, fc2 36 → 9; biases 4 + 12 + 3.
    // Operations: 2·16 for each weight of the convolution, which makes 4 × 4 maps, 2 for each of the linear layers.
    expect(event).toEqual({
      type: 'parameters',
      counts: { total: 887, kept: 236, prunable: 868, prunableKept: 217, flops: 3656, flopsKept: 914 },
    })
  })

  it('prunes at the end without retraining, and at the start without an ADMM phase', async () => {
    for (const [epochs, retrainEpochs] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const fake = fakeRun()
      const stream = pruned(fake, { pattern: 'irregular', rate: 4, epochs, retrainEpochs })
      const steps = await collect(stream, ({ student }) => weightsOf(student).filter((value) => value === 0).length)
      fake.end()
      expect(steps).toHaveLength(3)
      // 868 − 217 pruned.
      expect(steps.at(-1)).toBe(651)
      expect(steps[0]).toBe(epochs === 0 ? 651 : 0)
    }
  })

  it('leaves out excluded layers, and takes a rate per layer', async () => {
    const fake = fakeRun()
    const stream = pruned(fake, {
      pattern: 'irregular',
      rate: { conv: 2, fc1: 8, fc2: 4 },
      exclude: ['fc2'],
      epochs: 0,
      retrainEpochs: 1,
    })
    const last = (await collect(stream, ({ student }) => student.mask)).at(-1)
    fake.end()
    const kept = parametersOf(tinyNet)
      .filter(({ role }) => role === 'weight')
      .map(({ node, offset, size }) => [node, last?.subarray(offset, offset + size).reduce((sum, bit) => sum + bit, 0)])
    expect(kept).toEqual([
      ['conv', 32],
      ['fc1', 96],
      ['fc2', 36],
    ])
  })

  it('refuses an unknown layer when the network is known', async () => {
    const fake = fakeRun()
    const stream = pruned(fake, { pattern: 'irregular', rate: { fc9: 2 }, epochs: 1, retrainEpochs: 1 })
    await expect(collect(stream, () => undefined)).rejects.toThrow(
      'admmMask: expected a layer among conv, fc1, fc2, got "fc9"',
    )
    fake.end()
  })
})
