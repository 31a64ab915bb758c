/** Every operator, with what the laws need to test it. */
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type Observable, pipe, type UnaryFunction } from 'rxjs'
import type { Attack } from '../../src/attacks/common/attack.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { isStage, type StageInfo } from '../../src/dsl/op.js'
import type { Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { blockNoise, type Perturbation } from '../../src/math/perturbations.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { adversarial } from '../../src/operators/adversarial.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { ceb } from '../../src/operators/ceb.js'
import { certify } from '../../src/operators/certify.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { earlyStop } from '../../src/operators/earlyStop.js'
import { exportModel } from '../../src/operators/exportModel.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { initialise } from '../../src/operators/initialise.js'
import { lbgat } from '../../src/operators/lbgat.js'
import { type LearnedMaskOptions, learnedMask } from '../../src/operators/learnedMask.js'
import { limit } from '../../src/operators/limit.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { lossTerm } from '../../src/operators/lossTerm.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { mart } from '../../src/operators/mart.js'
import { matchJacobian } from '../../src/operators/matchJacobian.js'
import { metric } from '../../src/operators/metric.js'
import { perturb } from '../../src/operators/perturb.js'
import { proximalMask } from '../../src/operators/proximalMask.js'
import { shrink } from '../../src/operators/shrink.js'
import { trades } from '../../src/operators/trades.js'
import { train } from '../../src/operators/train.js'
import { vib } from '../../src/operators/vib.js'
import { adam } from '../../src/training/step/adam.js'
import type { Optimizer } from '../../src/training/step/optimizer.js'
import { constant, type Schedule } from '../../src/training/step/schedule.js'
import { sgd } from '../../src/training/step/sgd.js'
import { tinyNet } from '../support/context.js'

/** A stage without its needs in its type, so that all rows of the table have one type. */
export interface AnyStage {
  (source: Observable<Step>): Observable<Step>
  readonly info: StageInfo
}

const erased = (stage: { readonly info: StageInfo }): AnyStage => {
  if (!isStage(stage)) throw new Error('not a stage')
  return stage as unknown as AnyStage
}

/** The stages in sequence, as `pipeline.pipe` would apply them. */
export const inRow = (stages: readonly AnyStage[]): UnaryFunction<Observable<Step>, Observable<Step>> =>
  stages.reduce<UnaryFunction<Observable<Step>, Observable<Step>>>(
    (all, stage) => pipe(all, stage),
    (source) => source,
  )

export interface Row {
  /** The stage with valid options. `teacher` is a checkpoint of `tinyNet`. */
  readonly make: (teacher: string) => AnyStage
  /** The stages that it needs before it. */
  readonly earlier: (teacher: string) => readonly AnyStage[]
  readonly adds: readonly string[]
  /** Options that the factory refuses at once. */
  readonly bad: Readonly<Record<string, () => unknown>>
  /** Sequences of stages in which a function that the user gave to this stage throws. */
  readonly throwing: Readonly<Record<string, (thrown: Error) => readonly AnyStage[]>>
  /** After how many steps it ends the stream itself, at 3 minibatches per epoch; undefined if it does not. */
  readonly steps?: number
}

const none = (): readonly AnyStage[] => []
const fresh = (): readonly AnyStage[] => [erased(initialise(tinyNet))]
const withLoss = (): readonly AnyStage[] => [...fresh(), erased(crossEntropy())]
const trained = (): readonly AnyStage[] => [...withLoss(), erased(train({ epochs: 1 }))]

const thrower = (thrown: Error) => (): never => {
  throw thrown
}

const badAttack = (thrown: Error): Attack => ({
  name: 'bad',
  config: {},
  norm: 'Linf',
  epsilon: 0.1,
  perturb: thrower(thrown),
})
const badNoise = (thrown: Error): Perturbation => ({ name: 'bad', config: {}, epsilon: 0.1, draw: thrower(thrown) })
const badSchedule = (thrown: Error): Schedule => ({ name: 'bad', factor: thrower(thrown) })
const badOptimizer = (thrown: Error): Optimizer => ({ name: 'bad', config: {}, slots: 1, update: thrower(thrown) })

/** An attack that makes some tensors before it fails. */
const lateAttack = (thrown: Error): Attack => ({
  name: 'late',
  config: {},
  norm: 'Linf',
  epsilon: 0.1,
  *perturb({ images, classifier }) {
    yield 0.5
    return tf.tidy((): Tensor4D => {
      classifier(images)
      throw thrown
    })
  },
})

type MaskStage = (options: LearnedMaskOptions) => { readonly info: StageInfo }

const badMasks = (make: MaskStage): Row['bad'] => ({
  'a rate below 1': () => make({ pattern: 'irregular', rate: 0 }),
  'a layer rate below 1': () => make({ pattern: 'irregular', rate: { conv: 0.5 } }),
  'an unknown pattern': () => make({ pattern: 'diagonal' as 'filter', rate: 4 }),
  'half an epoch': () => make({ pattern: 'filter', rate: 4, epochs: 0.5 }),
  'negative epochs': () => make({ pattern: 'filter', rate: 4, retrainEpochs: -1 }),
  'no epochs at all': () => make({ pattern: 'filter', rate: 4, epochs: 0, retrainEpochs: 0 }),
  'a learning rate of 0': () => make({ pattern: 'filter', rate: 4, prune: { learningRate: 0 } }),
  'an infinite learning rate': () => make({ pattern: 'filter', rate: 4, retrain: { learningRate: Infinity } }),
})

const throwingMasks = (make: MaskStage): Row['throwing'] => ({
  'a schedule': (thrown) => [
    ...withLoss(),
    erased(make({ pattern: 'filter', rate: 2, epochs: 1, prune: { schedule: badSchedule(thrown) } })),
  ],
  'an optimizer': (thrown) => [
    ...withLoss(),
    erased(make({ pattern: 'filter', rate: 2, epochs: 1, prune: { optimizer: badOptimizer(thrown) } })),
  ],
})

export const table: Readonly<Record<string, Row>> = {
  admmMask: {
    make: () => erased(admmMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1, updateEvery: 1 })),
    earlier: withLoss,
    adds: ['training'],
    steps: 6,
    bad: {
      'a rate below 1': () => admmMask({ pattern: 'irregular', rate: 0 }),
      'a rate that is not a number': () => admmMask({ pattern: 'irregular', rate: Number.NaN }),
      'rates of an unknown kind': () => admmMask({ pattern: 'irregular', rate: 4, rates: 'fair' as 'erk' }),
      'shared rates of several numbers': () => admmMask({ pattern: 'irregular', rate: { conv: 2 }, rates: 'learned' }),
      'shared rates of small groups': () => admmMask({ pattern: '2:4', rate: 2, rates: 'global' }),
      'a layer rate below 1': () => admmMask({ pattern: 'irregular', rate: { conv: 0.5 } }),
      'an overall rate below 1': () => admmMask({ pattern: 'irregular', rate: { overall: 0.5, fixed: {} } }),
      'an unknown pattern': () => admmMask({ pattern: 'diagonal' as 'filter', rate: 4 }),
      'half an epoch': () => admmMask({ pattern: 'filter', rate: 4, epochs: 0.5 }),
      'negative epochs': () => admmMask({ pattern: 'filter', rate: 4, retrainEpochs: -1 }),
      'no epochs at all': () => admmMask({ pattern: 'filter', rate: 4, epochs: 0, retrainEpochs: 0 }),
      'no epochs between updates': () => admmMask({ pattern: 'filter', rate: 4, updateEvery: 0 }),
      'a learning rate of 0': () => admmMask({ pattern: 'filter', rate: 4, admm: { learningRate: 0 } }),
      'an infinite learning rate': () => admmMask({ pattern: 'filter', rate: 4, retrain: { learningRate: Infinity } }),
      'a negative ρ': () => admmMask({ pattern: 'filter', rate: 4, rho: { initial: -1, growth: 1, max: 1 } }),
    },
    throwing: {
      'a schedule': (thrown) => [
        ...withLoss(),
        erased(admmMask({ pattern: 'filter', rate: 2, epochs: 1, admm: { schedule: badSchedule(thrown) } })),
      ],
      'an optimizer': (thrown) => [
        ...withLoss(),
        erased(admmMask({ pattern: 'filter', rate: 2, epochs: 1, admm: { optimizer: badOptimizer(thrown) } })),
      ],
    },
  },
  adversarial: {
    make: () => erased(adversarial(fgsm({ epsilon: 0.1 }), { mode: 'join' })),
    earlier: fresh,
    adds: [],
    bad: {
      'an ε of 0': () => adversarial(fgsm({ epsilon: 0 })),
      'a bad ε in the first epoch': () => adversarial((epoch) => fgsm({ epsilon: epoch })),
      'an unknown mode': () => adversarial(fgsm({ epsilon: 0.1 }), { mode: 'mix' as 'join' }),
      'a negative ratio': () => adversarial(fgsm({ epsilon: 0.1 }), { mixRatio: -0.1 }),
      'a ratio above 1': () => adversarial(fgsm({ epsilon: 0.1 }), { mixRatio: 1.1 }),
      'a ratio that is not a number': () => adversarial(fgsm({ epsilon: 0.1 }), { mixRatio: Number.NaN }),
    },
    throwing: {
      'an attack': (thrown) => [...fresh(), erased(adversarial(badAttack(thrown)))],
      'an attack that has started': (thrown) => [...fresh(), erased(adversarial(lateAttack(thrown)))],
      'a schedule': (thrown) => {
        let asked = 0
        const schedule = () => (asked++ === 0 ? fgsm({ epsilon: 0.1 }) : thrower(thrown)())
        return [...fresh(), erased(adversarial(schedule))]
      },
    },
  },
  attackEval: {
    make: () => erased(attackEval([fgsm({ epsilon: 0.1 })], { batchSize: 4 })),
    earlier: trained,
    adds: [],
    steps: 3,
    bad: {
      'no examples': () => attackEval([], { examples: 0 }),
      'half a batch': () => attackEval([], { batchSize: 0.5 }),
      'every 0 epochs': () => attackEval([], { every: 0 }),
      'two attacks of one name': () => attackEval([fgsm({ epsilon: 0.1 }), fgsm({ epsilon: 0.2 })]),
      'an attack with bad options': () => attackEval([fgsm({ epsilon: 2 })]),
    },
    throwing: {
      'an attack': (thrown) => [...trained(), erased(attackEval([badAttack(thrown)]))],
      'an attack that has started': (thrown) => [...fresh(), erased(attackEval([lateAttack(thrown)]))],
    },
  },
  certify: {
    make: () => erased(certify({ epsilon: 0.1, examples: 2 })),
    earlier: trained,
    adds: [],
    steps: 3,
    bad: {
      'no examples': () => certify({ epsilon: 0.1, examples: 0 }),
      'a radius of 2': () => certify({ epsilon: 2 }),
    },
    throwing: {},
  },
  ceb: {
    make: () => erased(ceb({ size: 6 })),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'a negative β': () => ceb({ beta: -1 }),
      'a β that is not a number': () => ceb({ beta: Number.NaN }),
      'a code of width 0': () => ceb({ size: 0 }),
    },
    throwing: {},
  },
  crossEntropy: {
    make: () => erased(crossEntropy({ weight: 0.5 })),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'a weight of 0': () => crossEntropy({ weight: 0 }),
      'an infinite weight': () => crossEntropy({ weight: Infinity }),
      'a weight that is not a number': () => crossEntropy({ weight: Number.NaN }),
    },
    throwing: {},
  },
  distill: {
    make: () => erased(distill()),
    earlier: (teacher) => [erased(loadTeacher(teacher, { architecture: tinyNet }))],
    adds: ['terms'],
    bad: {
      'a temperature of 0': () => distill({ temperature: 0 }),
      'an infinite temperature': () => distill({ temperature: Infinity }),
      'a negative α': () => distill({ alpha: -1 }),
      'an α that is not a number': () => distill({ alpha: Number.NaN }),
    },
    throwing: {},
  },
  earlyStop: {
    make: () => erased(earlyStop(fgsm({ epsilon: 0.1 }))),
    earlier: trained,
    adds: [],
    steps: 3,
    bad: {
      'no patience': () => earlyStop(fgsm({ epsilon: 0.1 }), { patience: 0 }),
      'a collapse of nothing': () => earlyStop(fgsm({ epsilon: 0.1 }), { collapse: 0 }),
      'an attack with bad options': () => earlyStop(fgsm({ epsilon: 2 })),
    },
    throwing: {
      'an attack': (thrown) => [...trained(), erased(earlyStop(badAttack(thrown)))],
    },
  },
  exportModel: {
    make: () => erased(exportModel('student.safetensors')),
    earlier: trained,
    adds: [],
    steps: 3,
    bad: {
      'another file name extension': () => exportModel('student.pth'),
      'a head in ONNX': () => exportModel('student.onnx', { head: 'kept' }),
      'a head in a graph model': () => exportModel('model.json', { head: 'kept' }),
      'an unknown treatment of the head': () => exportModel('student.safetensors', { head: 'moved' as 'kept' }),
      'no name': () => exportModel(''),
    },
    throwing: {},
  },
  hsicRegularize: {
    make: () => erased(hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 })),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'a negative λx': () => hsicRegularize({ lambdaX: -1, lambdaY: 0 }),
      'an infinite λx': () => hsicRegularize({ lambdaX: Infinity, lambdaY: 0 }),
      'a λy that is not a number': () => hsicRegularize({ lambdaX: 0, lambdaY: Number.NaN }),
      'no layers': () => hsicRegularize({ lambdaX: 1, lambdaY: 1, layers: [] }),
      'no width': () => hsicRegularize({ lambdaX: 1, lambdaY: 1, sigma: 0 }),
      'a negative width of a layer': () => hsicRegularize({ lambdaX: 1, lambdaY: 1, sigma: { conv: -5 } }),
    },
    throwing: {},
  },
  initialise: {
    make: () => erased(initialise(tinyNet)),
    earlier: none,
    adds: ['student'],
    bad: { 'an unknown architecture': () => initialise('resnet1000') },
    throwing: {},
  },
  lbgat: {
    make: () => erased(lbgat(fgsm({ epsilon: 0.1 }))),
    earlier: fresh,
    adds: ['terms', 'guide'],
    bad: {
      'a negative β': () => lbgat(fgsm({ epsilon: 0.1 }), { beta: -1 }),
      'an unknown network': () => lbgat(fgsm({ epsilon: 0.1 }), { natural: 'resnet1000' }),
      'a bad ε in the first epoch': () => lbgat((epoch) => fgsm({ epsilon: epoch })),
    },
    throwing: {
      'an attack': (thrown) => [...fresh(), erased(lbgat(badAttack(thrown)))],
      'an attack that has started': (thrown) => [...fresh(), erased(lbgat(lateAttack(thrown)))],
    },
  },
  learnedMask: {
    make: () => erased(learnedMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 })),
    earlier: withLoss,
    adds: ['training'],
    steps: 6,
    bad: badMasks(learnedMask),
    throwing: throwingMasks(learnedMask),
  },
  limit: {
    make: () => erased(limit({ steps: 2 })),
    earlier: none,
    adds: ['limit'],
    bad: {
      'no steps': () => limit({ steps: 0 }),
      'half a step': () => limit({ steps: 1.5 }),
    },
    throwing: {},
  },
  loadTeacher: {
    make: (teacher) => erased(loadTeacher(teacher, { architecture: tinyNet })),
    earlier: none,
    adds: ['teacher', 'student'],
    bad: { 'an unknown architecture': () => loadTeacher('t.pth', { architecture: 'resnet1000' }) },
    throwing: {},
  },
  lossTerm: {
    make: () => erased(lossTerm('lossTerm', ({ logits }) => tf.mean(tf.square(logits)))),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'no name': () => lossTerm('', ({ logits }) => tf.mean(logits)),
      'no phases': () => lossTerm('lossTerm', ({ logits }) => tf.mean(logits), { phases: [] }),
    },
    throwing: {
      'a loss': (thrown) => [...fresh(), erased(lossTerm('bad', thrower(thrown))), erased(train({ epochs: 1 }))],
      'a loss after others': (thrown) => [
        ...withLoss(),
        erased(hsicRegularize({ lambdaX: 1e-3, lambdaY: 1e-3 })),
        erased(lossTerm('bad', thrower(thrown))),
        erased(admmMask({ pattern: 'irregular', rate: 2, epochs: 1, retrainEpochs: 1 })),
      ],
      'a loss in its second step': (thrown) => {
        let steps = 0
        return [
          ...withLoss(),
          erased(lossTerm('bad', ({ logits }) => (++steps > 1 ? thrower(thrown)() : tf.mean(logits)))),
          erased(train({ epochs: 1, optimizer: adam(), schedule: constant() })),
        ]
      },
    },
  },
  magnitudePrune: {
    make: () => erased(magnitudePrune({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1, updateEvery: 1 })),
    earlier: withLoss,
    adds: ['training'],
    steps: 6,
    bad: {
      ...badMasks(magnitudePrune),
      'no steps between updates': () => magnitudePrune({ pattern: 'filter', rate: 4, updateEvery: 0 }),
    },
    throwing: throwingMasks(magnitudePrune),
  },
  metric: {
    make: () => erased(metric('ema', ({ training }, before = training.loss) => (before + training.loss) / 2)),
    earlier: trained,
    adds: [],
    steps: 3,
    bad: { 'no name': () => metric('', () => 1), 'no function': () => metric('a', 1 as never) },
    throwing: {},
  },
  mart: {
    make: () => erased(mart(fgsm({ epsilon: 0.1 }))),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'a negative λ': () => mart(fgsm({ epsilon: 0.1 }), { lambda: -1 }),
      'an infinite λ': () => mart(fgsm({ epsilon: 0.1 }), { lambda: Infinity }),
      'a bad ε in the first epoch': () => mart((epoch) => fgsm({ epsilon: epoch })),
    },
    throwing: {
      'an attack': (thrown) => [...fresh(), erased(mart(badAttack(thrown)))],
      'an attack that has started': (thrown) => [...fresh(), erased(mart(lateAttack(thrown)))],
    },
  },
  matchJacobian: {
    make: () => erased(matchJacobian({ epsilon: 0.3 })),
    earlier: (teacher) => [erased(loadTeacher(teacher, { architecture: tinyNet }))],
    adds: ['terms'],
    bad: {
      'an ε of 0': () => matchJacobian({ epsilon: 0 }),
      'a weight of 0': () => matchJacobian({ epsilon: 0.3, weight: 0 }),
      'every 0th minibatch': () => matchJacobian({ epsilon: 0.3, every: 0 }),
    },
    throwing: {},
  },
  perturb: {
    make: () => erased(perturb(blockNoise({ epsilon: 0.3 }), { share: 0.5 })),
    earlier: none,
    adds: [],
    bad: {
      'a share of 0': () => perturb(blockNoise({ epsilon: 0.3 }), { share: 0 }),
      'a share above 1': () => perturb(blockNoise({ epsilon: 0.3 }), { share: 1.5 }),
      'noise with bad options': () => perturb(blockNoise({ epsilon: 2 })),
      'a schedule whose first noise has bad options': () => perturb((epoch) => blockNoise({ epsilon: 2 - epoch })),
    },
    throwing: { 'a perturbation': (thrown) => [erased(perturb(badNoise(thrown)))] },
  },
  proximalMask: {
    make: () => erased(proximalMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1, updateEvery: 1 })),
    earlier: withLoss,
    adds: ['training'],
    steps: 6,
    bad: {
      ...badMasks(proximalMask),
      'half a step between updates': () => proximalMask({ pattern: 'filter', rate: 4, updateEvery: 0.5 }),
    },
    throwing: throwingMasks(proximalMask),
  },
  trades: {
    make: () => erased(trades(fgsm({ epsilon: 0.1 }))),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'a negative β': () => trades(fgsm({ epsilon: 0.1 }), { beta: -1 }),
      'a β that is not a number': () => trades(fgsm({ epsilon: 0.1 }), { beta: Number.NaN }),
      'a bad ε in the first epoch': () => trades((epoch) => fgsm({ epsilon: epoch })),
    },
    throwing: {
      'an attack': (thrown) => [...fresh(), erased(trades(badAttack(thrown)))],
      'an attack that has started': (thrown) => [...fresh(), erased(trades(lateAttack(thrown)))],
    },
  },
  shrink: {
    make: () => erased(shrink()),
    earlier: trained,
    adds: [],
    steps: 3,
    bad: {},
    throwing: {},
  },
  train: {
    make: () => erased(train({ epochs: 1 })),
    earlier: withLoss,
    adds: ['training'],
    steps: 3,
    bad: {
      'no epochs': () => train({ epochs: 0 }),
      'half an epoch': () => train({ epochs: 0.5 }),
      'a learning rate that is not a number': () => train({ epochs: 1, learningRate: Number.NaN }),
      'an optimizer with bad options': () => train({ epochs: 1, optimizer: adam({ beta2: 1 }) }),
      'another optimizer with bad options': () => train({ epochs: 1, optimizer: sgd({ momentum: -0.1 }) }),
      'a negative learning rate': () => train({ epochs: 1, learningRate: -1 }),
    },
    throwing: {
      'a schedule': (thrown) => [...withLoss(), erased(train({ epochs: 1, schedule: badSchedule(thrown) }))],
      'an optimizer': (thrown) => [...withLoss(), erased(train({ epochs: 1, optimizer: badOptimizer(thrown) }))],
    },
  },
  vib: {
    make: () => erased(vib({ size: 6 })),
    earlier: fresh,
    adds: ['terms'],
    bad: {
      'a negative β': () => vib({ beta: -1 }),
      'an infinite β': () => vib({ beta: Infinity }),
      'a code of width 0': () => vib({ size: 0 }),
      'half a number': () => vib({ size: 2.5 }),
    },
    throwing: {},
  },
}

export const rows = Object.entries(table)
