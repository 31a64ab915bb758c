/** All that takes options refuses unknown ones, because no compiler checks a pipeline file. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../src/attacks/apgd/apgd.js'
import { apgdTargeted } from '../../src/attacks/apgd/apgdTargeted.js'
import { autoAttack } from '../../src/attacks/autoAttack.js'
import { cwL2 } from '../../src/attacks/cw/cwL2.js'
import { fab } from '../../src/attacks/fab/fab.js'
import { fabTargeted } from '../../src/attacks/fab/fabTargeted.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import { square } from '../../src/attacks/square/square.js'
import { tf } from '../../src/engine/tf.js'
import { cifar10, cifar100 } from '../../src/io/datasets/cifar/cifar.js'
import { syntheticDigits } from '../../src/io/datasets/digits/syntheticDigits.js'
import { imageFolder } from '../../src/io/datasets/images/imageFolder.js'
import { mnist } from '../../src/io/datasets/mnist/mnist.js'
import { randomCrop } from '../../src/math/augmentations.js'
import { blockNoise, signNoise, uniformNoise } from '../../src/math/perturbations.js'
import { preactResnet18 } from '../../src/models/zoo/preactResnet.js'
import { resnet18, resnet34, resnet50 } from '../../src/models/zoo/resnet.js'
import { vgg16bn } from '../../src/models/zoo/vgg.js'
import { wideResnet } from '../../src/models/zoo/wideResnet.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { adversarial } from '../../src/operators/adversarial.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { ceb } from '../../src/operators/ceb.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { earlyStop } from '../../src/operators/earlyStop.js'
import { exportModel } from '../../src/operators/exportModel.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { lbgat } from '../../src/operators/lbgat.js'
import { learnedMask } from '../../src/operators/learnedMask.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { lossTerm } from '../../src/operators/lossTerm.js'
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
import { adam } from '../../src/training/step/adam.js'
import { sgd } from '../../src/training/step/sgd.js'
import { refusalOf } from '../support/refusalOf.js'
import { table } from './table.js'

/** Makes one with valid options and `more`. */
type Making = (more: object) => unknown

const attack = fgsm({ epsilon: 0.1 })
const mask = { pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 } as const
const hsic = { lambdaX: 1e-3, lambdaY: 1e-3 }
const gentle = { initial: 0.01, growth: 1.35, max: 1 }
const grey = { mean: [0.5], std: [0.5] }

const operators: Readonly<Record<string, Making>> = {
  admmMask: (more) => admmMask({ ...mask, ...more }),
  adversarial: (more) => adversarial(attack, { ...more }),
  attackEval: (more) => attackEval([attack], { ...more }),
  ceb: (more) => ceb({ ...more }),
  crossEntropy: (more) => crossEntropy({ ...more }),
  distill: (more) => distill({ ...more }),
  earlyStop: (more) => earlyStop(attack, { ...more }),
  exportModel: (more) => exportModel('student.safetensors', { ...more }),
  hsicRegularize: (more) => hsicRegularize({ ...hsic, ...more }),
  lbgat: (more) => lbgat(attack, { ...more }),
  learnedMask: (more) => learnedMask({ ...mask, ...more }),
  loadTeacher: (more) => loadTeacher('teacher.pth', { ...more }),
  lossTerm: (more) => lossTerm('own', ({ logits }) => tf.mean(logits), { ...more }),
  magnitudePrune: (more) => magnitudePrune({ ...mask, ...more }),
  mart: (more) => mart(attack, { ...more }),
  matchJacobian: (more) => matchJacobian({ epsilon: 0.3, ...more }),
  perturb: (more) => perturb(blockNoise({ epsilon: 0.3 }), { ...more }),
  proximalMask: (more) => proximalMask({ ...mask, ...more }),
  trades: (more) => trades(attack, { ...more }),
  train: (more) => train({ epochs: 1, ...more }),
  vib: (more) => vib({ ...more }),
}

const others: Readonly<Record<string, Making>> = {
  adam: (more) => adam({ ...more }),
  apd: (more) => apd(attack, { ...mask, ...more }),
  apgd: (more) => apgd({ epsilon: 0.1, ...more }),
  apgdTargeted: (more) => apgdTargeted({ epsilon: 0.1, ...more }),
  autoAttack: (more) => autoAttack({ epsilon: 0.1, ...more }),
  blockNoise: (more) => blockNoise({ epsilon: 0.1, ...more }),
  cifar10: (more) => cifar10({ ...more }),
  cifar100: (more) => cifar100({ ...more }),
  cwL2: (more) => cwL2({ ...more }),
  fab: (more) => fab({ epsilon: 0.1, ...more }),
  fabTargeted: (more) => fabTargeted({ epsilon: 0.1, ...more }),
  fgsm: (more) => fgsm({ epsilon: 0.1, ...more }),
  hydra: (more) => hydra(attack, { ...mask, ...more }),
  imageFolder: (more) => imageFolder({ name: 'flowers', ...more }),
  mnist: (more) => mnist({ ...more }),
  pgd: (more) => pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1, ...more }),
  preactResnet18: (more) => preactResnet18({ width: 2, ...more }),
  pwoa: (more) => pwoa({ ...mask, hsic, ...more }),
  randomCrop: (more) => randomCrop({ ...more }),
  resnet18: (more) => resnet18({ width: 2, ...more }),
  resnet34: (more) => resnet34({ width: 2, ...more }),
  resnet50: (more) => resnet50({ width: 2, ...more }),
  sgd: (more) => sgd({ ...more }),
  signNoise: (more) => signNoise({ epsilon: 0.1, ...more }),
  square: (more) => square({ epsilon: 0.1, ...more }),
  syntheticDigits: (more) => syntheticDigits({ ...more }),
  uniformNoise: (more) => uniformNoise({ epsilon: 0.1, ...more }),
  vgg16bn: (more) => vgg16bn({ width: 2, ...more }),
  wideResnet: (more) => wideResnet({ depth: 10, factor: 1, width: 2, ...more }),
}

/** Nested options, and options that a method passes on: the stage, the words of the error for their place, a maker. */
const within: readonly (readonly [string, string, Making])[] = [
  ['admmMask', 'options of rho', (more) => admmMask({ ...mask, rho: { ...gentle, ...more } })],
  ['admmMask', 'options of admm', (more) => admmMask({ ...mask, admm: { ...more } })],
  ['admmMask', 'options of retrain', (more) => admmMask({ ...mask, retrain: { ...more } })],
  ['admmMask', 'options of rate', (more) => admmMask({ ...mask, rate: { overall: 4, fixed: {}, ...more } })],
  [
    'admmMask',
    'options of rate',
    (more) => admmMask({ pattern: 'filter', rate: { budget: 'flops', keep: 0.5, ...more } }),
  ],
  [
    'admmMask',
    'options of rate',
    (more) => admmMask({ pattern: 'filter', rate: { budget: 'latency', keep: 0.5, images: 1, ...more } }),
  ],
  ...([learnedMask, magnitudePrune, proximalMask] as const).flatMap((stage) => {
    const name = stage({ ...mask }).info.stage
    return [
      [name, 'options of prune', (more: object) => stage({ ...mask, prune: { ...more } })],
      [name, 'options of retrain', (more: object) => stage({ ...mask, retrain: { ...more } })],
    ] as const
  }),
  ['attackEval', 'options of shard', (more) => attackEval([attack], { shard: { index: 0, of: 2, ...more } })],
  ['loadTeacher', 'options of normalisation', (more) => loadTeacher('t.pth', { normalisation: { ...grey, ...more } })],
  ['pwoa', 'options of mixed', (more) => pwoa({ ...mask, hsic, mixed: { attack, mixRatio: 0.2, ...more } })],
  ['hsicRegularize', 'options', (more) => pwoa({ ...mask, hsic: { ...hsic, ...more } })],
  ['distill', 'options', (more) => pwoa({ ...mask, hsic, distill: { ...more } })],
  ['distill', 'options', (more) => apd(attack, { ...mask, distill: { ...more } })],
  ['admmMask', 'options', (more) => advPrune(attack, { ...mask, ...more })],
  ['magnitudePrune', 'options', (more) => naive({ ...mask, ...more })],
]

describe('an unknown option is refused', () => {
  const whole = Object.entries({ ...operators, ...others }).map(([name, make]) => [name, 'options', make] as const)

  it.each([...whole, ...within])('%s: %s', (stage, of, make) => {
    expect(() => make({})).not.toThrow()
    expect(refusalOf(() => make({ unheardOf: undefined }))).toMatchObject({
      _tag: 'OptionError',
      stage,
      expected: expect.stringContaining(`${of} among `),
      actual: 'the unknown option "unheardOf"',
    })
  })

  it('by every operator that has options', () => {
    const without = ['initialise', 'shrink']
    expect([...Object.keys(operators), ...without].sort()).toEqual(Object.keys(table).sort())
  })

  it('by everything whose options the package exports', () => {
    const index = readFileSync(fileURLToPath(new URL('../../src/index.ts', import.meta.url)), 'utf8')
    const exported = [...index.matchAll(/type (\w+)Options\b/g)].map(([, name = '']) => name)
    // Options of programs that run pipelines, and of networks that the package derives from others.
    const apart = ['Run', 'Sweep', 'Architecture']
    const called: Readonly<Record<string, string>> = {
      Cifar: 'cifar10',
      PreactResnet: 'preactResnet18',
      Resnet: 'resnet18',
      Vgg: 'vgg16bn',
    }
    const known = new Set(Object.keys({ ...operators, ...others }))
    const missing = exported
      .filter((name) => !apart.includes(name))
      .map((name) => called[name] ?? `${name.charAt(0).toLowerCase()}${name.slice(1)}`)
      .filter((name) => !known.has(name))
    expect(exported.length).toBeGreaterThan(30)
    expect(missing).toEqual([])
  })

  it.each([
    ['epochs', { epoch: 0 }],
    ['retrainEpochs', { retrainEpoch: 0 }],
    ['updateEvery', { updateEach: 0 }],
    ['pattern', { pat: 'filter' }],
  ])('with a suggestion: %s', (meant, slip) => {
    expect(refusalOf(() => admmMask({ ...mask, ...(slip as object) }))).toMatchObject({
      actual: `the unknown option "${Object.keys(slip)[0]}"; did you mean ${meant}?`,
    })
  })

  it('without a suggestion if no name is close', () => {
    expect(refusalOf(() => train({ epochs: 1, ...({ lr: 1 } as object) }))).toMatchObject({
      actual: 'the unknown option "lr"',
    })
  })

  it('and so is anything but an object', () => {
    for (const given of [5, 'fast', null])
      expect(refusalOf(() => distill(given as unknown as object))).toMatchObject({
        stage: 'distill',
        expected: 'options in { … }',
      })
  })
})
