import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { right } from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { valueOf } from '../../../src/dsl/errors.js'
import { quickTrial } from '../../../src/dsl/trial.js'
import {
  type Attack,
  admmMask,
  adversarial,
  apgd,
  apgdTargeted,
  architecture,
  attackEval,
  autoAttack,
  conv2d,
  crossEntropy,
  cwL2,
  type DataSource,
  exportModel,
  fab,
  fabTargeted,
  fgsm,
  flatten,
  initialise,
  linear,
  perturb,
  pgd,
  pipeline,
  relu,
  square,
  sweep,
  uniformNoise,
} from '../../../src/index.js'
import { planOf } from '../../../src/runtime/folder/plan.js'
import { keysOf } from '../../../src/runtime/sweep/sweepFolder.js'
import { trialSweep } from '../../../src/runtime/sweep/trialSweep.js'
import { trialSource } from '../../../src/runtime/trial/trialData.js'
import { trialOf } from '../../../src/runtime/trial/trialOf.js'

const size = 4
const bytes = (count: number) => Uint8Array.from({ length: count * size * size }, (_, i) => (7 * i) % 256)
const split = (count: number) => ({
  count,
  images: bytes(count),
  labels: Uint16Array.from({ length: count }, (_, i) => (3 * i) / count),
})

/** 300 training images, class by class. */
const ordered: DataSource = {
  name: 'ordered',
  config: {},
  batchSize: 100,
  open: () => async () =>
    right({
      name: 'ordered',
      origin: 'synthetic',
      classes: 3,
      shape: { height: size, width: size, channels: 1 },
      train: split(300),
      test: split(90),
      validation: split(30),
    }),
}

const tiny = architecture('tiny', { height: size, width: size, channels: 1 }, [
  conv2d('a', { out: 2, kernel: 3, padding: 1 }),
  relu(),
  flatten(),
  linear('b', { out: 3 }),
])

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'pwoa-trial-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return join(made, 'run')
}

describe('the data of a trial', () => {
  test('are few images, spread over the data set, under a name that says so', async () => {
    const source = trialSource(ordered, quickTrial)
    expect(source.batchSize).toBe(8)
    const data = valueOf(await source.open({ dataDir: undefined, seed: 0, signal: new AbortController().signal })())
    expect(data.name).toBe('ordered (quick trial: no result)')
    expect([data.train.count, data.test.count, data.validation?.count]).toEqual([16, 8, 8])
    expect([...data.test.labels]).toEqual([0, 0, 0, 1, 1, 1, 2, 2])
    const second = Math.floor(90 / 8) * size * size
    expect([...data.test.images.slice(size * size, 2 * size * size)]).toEqual([
      ...bytes(90).slice(second, second + size * size),
    ])
  })
})

describe('an attack of a trial', () => {
  const epsilon = 0.1
  const attacks: readonly Attack[] = [
    pgd({ epsilon, steps: 40, stepSize: 0.01, restarts: 3 }),
    apgd({ epsilon, restarts: 5 }),
    apgdTargeted({ epsilon, norm: 'L2' }),
    fab({ epsilon, restarts: 2 }),
    fabTargeted({ epsilon }),
    square({ epsilon }),
    cwL2({ searchSteps: 9 }),
  ]

  test.each(attacks.map((attack) => [attack.name, attack] as const))(
    '%s has few steps, and the same threat',
    (_, attack) => {
      const short = attack.shortened?.()
      expect(short).toMatchObject({ name: attack.name, norm: attack.norm, epsilon: attack.epsilon })
      const { steps, queries, restarts = 1, targets = 1, searchSteps = 1 } = short?.config ?? {}
      expect([steps ?? queries, restarts, targets, searchSteps]).toEqual([2, 1, 1, 1])
    },
  )

  test('fgsm is short as it is', () => {
    expect(fgsm({ epsilon }).shortened).toBeUndefined()
  })
})

describe('a trial of a pipeline', () => {
  const epsilon = 0.1
  const made = pipeline('long', ordered).pipe(
    initialise(tiny),
    adversarial(pgd({ epsilon, steps: 1000, stepSize: 0.01 })),
    crossEntropy(),
    admmMask({ pattern: 'irregular', rate: 2, epochs: 1000, retrainEpochs: 1000 }),
    attackEval([autoAttack({ epsilon })], { examples: 90, shard: undefined }),
    exportModel('network.safetensors'),
    exportModel('network.onnx'),
  )

  test('does all its stages, in two steps a phase, and says that no figure is a result', async () => {
    const run = made.run({ engine: 'wasm', trial: 'quick', out: folder() })
    const steps: string[] = []
    const warnings: string[] = []
    run.metrics$.subscribe(({ phase, step, steps: all }) => steps.push(`${phase} ${step}/${all}`))
    run.events$.subscribe((event) => event.type === 'warning' && warnings.push(`${event.stage}: ${event.message}`))
    const summary = valueOf(await run.result)
    expect(steps).toEqual(['admm 1/4', 'admm 2/4', 'retrain 3/4', 'retrain 4/4'])
    expect(summary).toMatchObject({
      pipeline: 'long (quick trial)',
      trial: 'quick',
      data: { name: 'ordered (quick trial: no result)' },
      after: { examples: 8, attacks: { autoattack: expect.any(Number) } },
      artifacts: ['attacks.jsonl', 'network.safetensors', 'network.masks.safetensors', 'network.onnx'],
    })
    expect(summary.sparsity).toBeCloseTo(0.5, 1)
    expect(warnings).toEqual(['trial: 2 minibatches a phase, 8 test images, short attacks: no figure is a result'])
  })

  test('refuses more examples than the whole data set has, as a run does', async () => {
    const more = pipeline('more', ordered).pipe(initialise(tiny), attackEval([fgsm({ epsilon })], { examples: 91 }))
    expect(await more.run({ engine: 'wasm', trial: 'quick', out: folder() }).result).toMatchObject({
      left: { stage: 'attackEval', expected: expect.stringContaining('at most 90 examples'), actual: '91' },
    })
  })

  test('has another plan, so that neither continues the other, and is its own trial', () => {
    const trial = trialOf(made)
    expect(planOf(trial, 0).hash).not.toBe(planOf(made, 0).hash)
    expect(trialOf(trial)).toBe(trial)
  })
})

describe('a trial of a sweep', () => {
  const rates = sweep('rates', { noisy: [false, true], rate: [2, 4] }, ({ noisy, rate }) => {
    const network = pipeline('point', ordered).pipe(initialise(tiny))
    const seen = noisy ? network.pipe(perturb(uniformNoise({ epsilon: 0.1 }))) : network
    return seen.pipe(crossEntropy(), admmMask({ pattern: 'irregular', rate }))
  })

  test('has one point for each order of stages, with keys of their own', async () => {
    const trial = trialSweep(rates)
    expect(trial.points.map(({ label }) => label)).toEqual(['noisy=false rate=2', 'noisy=true rate=2'])
    const seeded = (points: typeof trial.points) => points.map(({ pipeline: of }) => ({ pipeline: of, seed: 0 }))
    const keys = await keysOf([...seeded(trial.points), ...seeded(rates.points)], undefined)
    expect(new Set(keys).size).toBe(keys.length)
    expect(trialSweep(trial)).toBe(trial)
  })
})
