import type { RunEvent } from '../../src/dsl/events.js'
import type { LayerWeights } from '../../src/dsl/figures.js'
import type { Summary } from '../../src/dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../src/dsl/step.js'
import { makeRunFigures, type RunFigures } from '../../src/report/figures/runFigures.js'
import type { RunPlan, RunRecord } from '../../src/report/figures/runRecord.js'

/** A training step of the ADMM phase of a run of so many. */
export const metricsAt = (step: number, steps: number): TrainingMetrics => ({
  phase: 'admm',
  epoch: 0,
  epochs: 1,
  batch: step - 1,
  batches: steps,
  step,
  steps,
  learningRate: 1e-3,
  loss: 1 / step,
  terms: { distillation: 0.9 / step, admm: 0.1 / step },
  seconds: 0.01,
})

export const plan: RunPlan = {
  pipeline: 'pruned <b>',
  params: { rate: 4 },
  seed: 7,
  source: { name: 'MNIST', batchSize: 128, config: { batchSize: 128 } },
  stages: [
    { stage: 'loadTeacher', config: { file: '/home/somebody/secret/teacher.pth', architecture: 'mnistNet' } },
    {
      stage: 'attackEval',
      config: {
        attacks: [
          { name: 'pgd', epsilon: 0.3, steps: 40 },
          { name: 'autoattack', epsilon: 0.3, norm: 'Linf', version: 'standard', stages: [{ name: 'apgd-ce' }] },
        ],
        examples: 1000,
      },
    },
  ],
  hash: '0123456789abcdef0123',
}

const details = { autoattack: { stages: { 'apgd-ce': 0.9, square: 0.85 }, seconds: 3 } }
const before = { clean: 0.99, attacks: { pgd: 0.91, autoattack: 0.9 }, examples: 1000, details }
const after = { clean: 0.98, attacks: { pgd: 0.9, autoattack: 0.85 }, examples: 1000, details }

export const summary: Summary = {
  pipeline: plan.pipeline,
  params: plan.params,
  seed: plan.seed,
  engine: 'tensorflow',
  data: { name: 'MNIST', origin: 'original' },
  seconds: { total: 100, admm: 60 },
  secondsPerStep: { admm: 0.01 },
  epochs: { admm: 12 },
  parameters: { total: 1000, kept: 250 },
  sparsity: 0.75,
  before,
  after,
  artifacts: [],
  warnings: [],
}

export const layers: readonly LayerWeights[] = [
  { name: 'conv1', size: 100, zeros: 75, bound: 0.5, histogram: [0.25, 0.5, 0.25] },
  { name: 'fc1', size: 900, zeros: 0, bound: 0, histogram: [0, 0, 0] },
]

export const events: readonly RunEvent[] = [
  {
    type: 'environment',
    environment: { pwoa: '9.9.9', node: 'v20', system: 'Linux', processor: 'A & B', cores: 2, memory: 2 ** 33 },
  },
  { type: 'engine', name: 'tensorflow', description: 'engine: tensorflow 2.15.1 (native)' },
  { type: 'data', name: 'MNIST', origin: 'original', train: 60_000, test: 10_000 },
  { type: 'phase', stage: 'admmMask', phase: 'admm', epochs: 1 },
  { type: 'admm', epoch: 0, rho: 0.01, primal: 3, dual: 0 },
  { type: 'weights', phase: 'admm', epoch: 0, layers },
  { type: 'evaluation', subject: 'before', accuracies: before },
  { type: 'warning', stage: 'attackEval', message: 'a <script>alert(1)</script> warning' },
]

/** Figures of a run of so many steps. */
export const figuresOf = (steps: number): RunFigures => {
  const figures = makeRunFigures(plan.pipeline)
  for (const [i, event] of events.entries()) figures.event({ at: 1000 + i, step: 0, event })
  for (let step = 1; step <= steps; step++) figures.step(metricsAt(step, steps))
  return figures
}

export const recordOf = (steps: number, more: Partial<RunRecord> = {}): RunRecord => ({
  plan,
  figures: figuresOf(steps),
  summary,
  pictures: new Map(),
  ...more,
})
