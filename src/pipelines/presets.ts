// The published settings for each data set, as options of the stages that take them.
import { type CifarOptions, cifar10, cifar100 } from '../io/datasets/cifar/cifar.js'
import { type SyntheticDigitsOptions, syntheticDigits } from '../io/datasets/digits/syntheticDigits.js'
import { type MnistOptions, mnist } from '../io/datasets/mnist/mnist.js'
import { horizontalFlip, randomCrop } from '../math/augmentations.js'
import { adam } from '../training/step/adam.js'
import { cosine, multiStep, thirds } from '../training/step/schedule.js'
import { sgd } from '../training/step/sgd.js'

/** What all digits share. */
const digits = {
  /** L∞ radius of attacks and noise. */
  epsilon: 0.3,
  /** PGD-40 of evaluations. */
  pgd: { epsilon: 0.3, steps: 40, stepSize: 0.3 / 30 },
  distill: { temperature: 30, alpha: 10 },
  hsicRegularize: { lambdaX: 2e-4, lambdaY: 5e-5 },
  admmMask: {
    updateEvery: 3,
    admm: { optimizer: adam(), learningRate: 5e-4, schedule: thirds(3) },
    retrain: { optimizer: adam(), learningRate: 1e-3, schedule: multiStep([0.75, 0.9]) },
  },
  /** Ours: as often as 1.3 times the published method's time allows (docs/decisions/0017). */
  matchJacobian: { epsilon: 0.3, every: 4 },
  /** Of TRADES' code on MNIST. */
  trades: { beta: 1 },
  /** Robust training from random weights. */
  train: { optimizer: adam(), learningRate: 1e-3, schedule: cosine() },
}

const momentum = sgd({ momentum: 0.9, weightDecay: 1e-4 })

/** Images that training sees: moved by up to 4 pixels and mirrored. */
const augment = [randomCrop({ padding: 4 }), horizontalFlip()]

/** What CIFAR-10 and CIFAR-100 share. */
const photographs = {
  /** L∞ radius of attacks and noise. */
  epsilon: 8 / 255,
  /** PGD-10 of evaluations. */
  pgd: { epsilon: 8 / 255, steps: 10, stepSize: 2 / 255 },
  admmMask: {
    updateEvery: 3,
    admm: { optimizer: momentum, learningRate: 0.01, schedule: thirds(3) },
    retrain: { optimizer: momentum, learningRate: 0.005, schedule: cosine() },
  },
  /** Ours, as on digits. */
  matchJacobian: { epsilon: 8 / 255, every: 3 },
  /** Of TRADES' code on CIFAR-10. */
  trades: { beta: 6 },
  /** Robust training from random weights. */
  train: { optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }), learningRate: 0.1, schedule: cosine() },
}

/**
 * What the papers and their released code use on each data set: ε in [0, 1], the PGD of evaluations, and options of
 * stages under the stages' names. `data` makes the source, with the published augmentation.
 *
 * Source: Jian et al., ICDM 2022, and its code (docs/decisions/0018); β: Zhang et al., ICML 2019; training recipes on
 * CIFAR: Rice et al., ICML 2020.
 *
 * @example
 * const { cifar10: preset } = presets
 * pipeline('cifar10', preset.data()).pipe(
 *   loadTeacher('t.pth', { architecture: 'resnet18' }),
 *   distill(preset.distill), hsicRegularize(preset.hsicRegularize),
 *   admmMask({ pattern: 'irregular', rate: 10, exclude: 'last', ...preset.admmMask }),
 *   attackEval([autoAttack({ epsilon: preset.epsilon }), pgd(preset.pgd)], { examples: 1000 }))
 */
export const presets = {
  mnist: {
    ...digits,
    classes: 10,
    /** MNIST. */
    data: (options: MnistOptions = {}) => mnist(options),
  },
  syntheticDigits: {
    ...digits,
    classes: 10,
    /** Drawn digits. */
    data: (options: SyntheticDigitsOptions = {}) => syntheticDigits(options),
  },
  cifar10: {
    ...photographs,
    classes: 10,
    distill: { temperature: 30, alpha: 10 },
    hsicRegularize: { lambdaX: 2e-5, lambdaY: 1e-4 },
    /** CIFAR-10, augmented. */
    data: (options: CifarOptions = {}) => cifar10({ augment, ...options }),
  },
  cifar100: {
    ...photographs,
    classes: 100,
    distill: { temperature: 30, alpha: 100 },
    hsicRegularize: { lambdaX: 5e-7, lambdaY: 2e-6 },
    /** CIFAR-100, augmented. */
    data: (options: CifarOptions = {}) => cifar100({ augment, ...options }),
  },
}

/** Names of the data sets that have a preset. */
export const presetNames = [
  'mnist',
  'syntheticDigits',
  'cifar10',
  'cifar100',
] as const satisfies readonly (keyof typeof presets)[]

/** What every preset has, whichever data set it is for. */
export type Preset = (typeof presets)[keyof typeof presets]

/**
 * The same settings for a network that was trained for another ε: the radius of attacks, noise and matched gradients, and the
 * steps of PGD in proportion to it.
 *
 * @param epsilon L∞ radius in [0, 1]. @default the preset's own
 */
export const presetAt = <P extends Preset>(preset: P, epsilon: number = preset.epsilon): P => ({
  ...preset,
  epsilon,
  pgd: { ...preset.pgd, epsilon, stepSize: (preset.pgd.stepSize * epsilon) / preset.epsilon },
  matchJacobian: { ...preset.matchJacobian, epsilon },
})
