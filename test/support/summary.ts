import type { Summary } from '../../src/dsl/pipeline/run.js'

/** Of a run that there was none of. */
export const summaryOf = (seed: number): Summary => ({
  pipeline: 'halving',
  params: {},
  seed,
  engine: 'wasm',
  data: { name: 'digits', origin: 'synthetic' },
  seconds: { total: 1 },
  secondsPerStep: {},
  epochs: {},
  artifacts: [],
  warnings: [],
})
