/** Names as files from other people may have them, and runs in which everything has such a name. */
import type { RunEvent } from '../../src/dsl/events.js'
import type { Accuracies } from '../../src/dsl/figures.js'
import type { Summary } from '../../src/dsl/pipeline/run.js'
import type { AttackPicture } from '../../src/io/pictures/attackCells.js'
import { drawAttackPicture } from '../../src/io/pictures/attackPicture.js'
import { makeRunFigures } from '../../src/report/figures/runFigures.js'
import type { RunPlan, RunRecord } from '../../src/report/figures/runRecord.js'
import { metricsAt } from '../report/records.js'

/** Markup of several languages, and characters that a terminal obeys. */
export const hostile = [
  '<script>globalThis.hacked = 1</script>',
  '"><img src=x onerror="hacked()">',
  "'><svg onload='hacked()'>",
  '</title></style></svg><meta http-equiv="refresh" content="0;url=https://example.com">',
  '<!-- ',
  ']]>',
  '&lt;b&gt; &#60;b&#62;',
  '[a link](javascript:hacked()) ![a picture](https://example.com/x.png) <https://example.com>',
  'a | cell\n\n# a heading\n\n```\ncode',
  '*bold* _emphasis_ ~~gone~~ `code` \\',
  '\x1b[2J\x1b]0;a title\x07\x1b[31mred\x1b[0m',
  '\x9b2J\x9d0;a title\x9c',
  '\u202egpj.exe\u2066',
  'a\rb\r\nc\td\u2028e',
  '__proto__',
  'constructor',
]

/** A run in which everything that has a name has this one. */
export const runOf = (name: string): RunRecord & { readonly summary: Summary } => {
  const layer = { layer: name, parameters: 4, nonZero: 2, flops: 8, bytes: 16, sparseBytes: 8 }
  const accuracies: Accuracies = {
    clean: 0.9,
    attacks: Object.fromEntries([[name, 0.5]]),
    examples: 10,
    details: Object.fromEntries([[name, { stages: Object.fromEntries([[name, 0.5]]), seconds: 1 }]]),
  }
  const plan: RunPlan = {
    pipeline: name,
    params: Object.fromEntries([[name, name]]),
    seed: 0,
    source: { name, batchSize: 2, config: Object.fromEntries([[name, name]]) },
    stages: [
      { stage: name, config: Object.fromEntries([[name, name]]) },
      { stage: 'attackEval', config: { attacks: [{ name, epsilon: 0.3, norm: name, [`${name} `]: name }] } },
    ],
    hash: '0123456789abcdef0123',
  }
  const times = { whole: 1, layers: [{ layer: name, seconds: 1 }] }
  const summary: Summary = {
    pipeline: name,
    params: plan.params,
    seed: 0,
    engine: name,
    data: { name, origin: 'original' },
    seconds: { total: 10, train: 5 },
    secondsPerStep: { train: 0.01 },
    epochs: { train: 1 },
    parameters: { total: 4, kept: 2 },
    profile: Object.fromEntries([[name, 1]]),
    sparsity: 0.5,
    sizes: { before: [layer], after: [layer] },
    latency: { images: 1, before: times, after: times },
    devices: [{ file: name, constants: 1, flash: 1, scratch: 1, ram: 1, operations: 1, kept: 1 }],
    before: accuracies,
    after: accuracies,
    artifacts: [name],
    warnings: [name],
  }
  const figures = makeRunFigures(name)
  const at = { at: 1000, step: 1 }
  for (const event of eventsOf(name, accuracies)) figures.event({ ...at, event })
  for (let step = 1; step <= 10; step++)
    figures.step({ ...metricsAt(step, 10), terms: Object.fromEntries([[name, 1 / step]]) })
  figures.end('done')
  return { plan, figures, summary, pictures: new Map([['attacks.svg', attackPicture(name)]]) }
}

/** Events of such a run. */
export const eventsOf = (name: string, accuracies: Accuracies): readonly RunEvent[] => [
  {
    type: 'environment',
    environment: { pwoa: name, node: name, system: name, processor: name, cores: 2, memory: 2 ** 33 },
  },
  { type: 'engine', name: 'wasm', description: name },
  { type: 'data', name, origin: 'original', train: 10, test: 10 },
  { type: 'network', stage: name, file: name, name, classes: 10, parameters: 4, normalisation: name },
  { type: 'phase', stage: name, phase: 'train', epochs: 1 },
  {
    type: 'weights',
    phase: 'train',
    epoch: 0,
    layers: [{ name, size: 4, zeros: 2, bound: 1, histogram: [0.5, 0.5] }],
  },
  {
    type: 'attacked',
    subject: 'after',
    attack: name,
    stage: `${name} `,
    robust: 0.5,
    attacked: 9,
    broken: 4,
    seconds: 1,
  },
  { type: 'evaluation', subject: 'after', accuracies },
  { type: 'artifact', file: name },
  { type: 'warning', stage: name, message: name },
]

/** Adversarial examples by an attack of this name. */
export const attackExamples = (name: string): AttackPicture => ({
  shape: { height: 1, width: 1, channels: 1 },
  norm: name,
  epsilon: 0.3,
  rows: [
    {
      index: 0,
      label: 1,
      guess: 2,
      brokenBy: name,
      distance: 0.3,
      original: Float32Array.of(0),
      adversarial: Float32Array.of(1),
    },
  ],
})

/** A picture of them. */
export const attackPicture = (name: string): string => drawAttackPicture(attackExamples(name))
