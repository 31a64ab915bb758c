/** Every declaration of options, with a factory that takes them: a line for each, by the declaration's name. */
import { apgd } from '../../src/attacks/apgd/apgd.js'
import { apgdTargeted } from '../../src/attacks/apgd/apgdTargeted.js'
import { autoAttack } from '../../src/attacks/autoAttack.js'
import { cwL2 } from '../../src/attacks/cw/cwL2.js'
import { shardOptions } from '../../src/attacks/evaluation/shard.js'
import { fab } from '../../src/attacks/fab/fab.js'
import { fabTargeted } from '../../src/attacks/fab/fabTargeted.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import { square } from '../../src/attacks/square/square.js'
import type { Fields } from '../../src/dsl/options/declare.js'
import { tf } from '../../src/engine/tf.js'
import { cifar10, cifar10Options, cifar100, cifar100Options } from '../../src/io/datasets/cifar/cifar.js'
import { syntheticDigits, syntheticDigitsOptions } from '../../src/io/datasets/digits/syntheticDigits.js'
import { imageFolder, imageFolderOptions } from '../../src/io/datasets/images/imageFolder.js'
import { mnist, mnistOptions } from '../../src/io/datasets/mnist/mnist.js'
import { randomCrop, randomCropOptions } from '../../src/math/augmentations.js'
import {
  blockNoise,
  blockNoiseOptions,
  signNoise,
  signNoiseOptions,
  uniformNoise,
  uniformNoiseOptions,
} from '../../src/math/perturbations.js'
import { normalisationOptions } from '../../src/models/parameters/normalisation.js'
import { preactResnet18 } from '../../src/models/zoo/preactResnet.js'
import { resnet18, resnet34, resnet50 } from '../../src/models/zoo/resnet.js'
import { vgg16bn } from '../../src/models/zoo/vgg.js'
import { wideResnet } from '../../src/models/zoo/wideResnet.js'
import { admmMask, admmMaskOptions } from '../../src/operators/admmMask.js'
import { adversarial, adversarialOptions } from '../../src/operators/adversarial.js'
import { attackEval, attackEvalOptions } from '../../src/operators/attackEval.js'
import { ceb, cebOptions } from '../../src/operators/ceb.js'
import { crossEntropy, crossEntropyOptions } from '../../src/operators/crossEntropy.js'
import { distill, distillOptions } from '../../src/operators/distill.js'
import { earlyStop, earlyStopOptions } from '../../src/operators/earlyStop.js'
import { exportModel, exportModelOptions } from '../../src/operators/exportModel.js'
import { hsicRegularize, hsicRegularizeOptions } from '../../src/operators/hsicRegularize.js'
import { lbgat, lbgatOptions } from '../../src/operators/lbgat.js'
import { learnedMask, learnedMaskOptions } from '../../src/operators/learnedMask.js'
import { loadTeacher, loadTeacherOptions } from '../../src/operators/loadTeacher.js'
import { lossTerm, lossTermOptions } from '../../src/operators/lossTerm.js'
import { magnitudePrune, magnitudePruneOptions } from '../../src/operators/magnitudePrune.js'
import { mart, martOptions } from '../../src/operators/mart.js'
import { matchJacobian, matchJacobianOptions } from '../../src/operators/matchJacobian.js'
import { perturb, perturbOptions } from '../../src/operators/perturb.js'
import { proximalMask, proximalMaskOptions } from '../../src/operators/proximalMask.js'
import { trades, tradesOptions } from '../../src/operators/trades.js'
import { train, trainOptions } from '../../src/operators/train.js'
import { vib, vibOptions } from '../../src/operators/vib.js'
import { apd, apdOptions } from '../../src/pipelines/apd.js'
import { hydra, hydraOptions } from '../../src/pipelines/hydra.js'
import { mixedOptions, pwoa, pwoaOptions } from '../../src/pipelines/pwoa.js'
import { penaltyOptions } from '../../src/training/pruning/pruning.js'
import { countedBudgetOptions, latencyBudgetOptions, overallRateOptions } from '../../src/training/pruning/rates.js'
import { adam, adamOptions } from '../../src/training/step/adam.js'
import { recipeOptions } from '../../src/training/step/recipe.js'
import { sgd, sgdOptions } from '../../src/training/step/sgd.js'

/** Makes something of valid options, and `more` among them. */
export type Making = (more: object) => unknown

/** Declared options, and what takes them. */
type Entry = readonly [declared: { readonly fields: Fields }, make: Making]

const attack = fgsm({ epsilon: 0.1 })
const noise = blockNoise({ epsilon: 0.3 })
const mask = { pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 } as const
const hsic = { lambdaX: 1e-3, lambdaY: 1e-3 }

/** By the name of the declaration. */
export const optionTable: Readonly<Record<string, Entry>> = {
  adamOptions: [adamOptions, (more) => adam(more)],
  admmMaskOptions: [admmMaskOptions, (more) => admmMask({ ...mask, ...more })],
  adversarialOptions: [adversarialOptions, (more) => adversarial(attack, more)],
  apdOptions: [apdOptions, (more) => apd(attack, { ...mask, ...more })],
  attackEvalOptions: [attackEvalOptions, (more) => attackEval([attack], more)],
  blockNoiseOptions: [blockNoiseOptions, (more) => blockNoise({ epsilon: 0.1, ...more })],
  cebOptions: [cebOptions, (more) => ceb(more)],
  cifar100Options: [cifar100Options, (more) => cifar100(more)],
  cifar10Options: [cifar10Options, (more) => cifar10(more)],
  countedBudgetOptions: [
    countedBudgetOptions,
    (more) => admmMask({ pattern: 'filter', rate: { budget: 'flops', keep: 0.5, ...more } }),
  ],
  crossEntropyOptions: [crossEntropyOptions, (more) => crossEntropy(more)],
  distillOptions: [distillOptions, (more) => distill(more)],
  earlyStopOptions: [earlyStopOptions, (more) => earlyStop(attack, more)],
  exportModelOptions: [exportModelOptions, (more) => exportModel('student.safetensors', more)],
  hsicRegularizeOptions: [hsicRegularizeOptions, (more) => hsicRegularize({ ...hsic, ...more })],
  hydraOptions: [hydraOptions, (more) => hydra(attack, { ...mask, ...more })],
  imageFolderOptions: [imageFolderOptions, (more) => imageFolder({ name: 'flowers', ...more })],
  latencyBudgetOptions: [
    latencyBudgetOptions,
    (more) => admmMask({ pattern: 'filter', rate: { budget: 'latency', keep: 0.5, ...more } }),
  ],
  lbgatOptions: [lbgatOptions, (more) => lbgat(attack, more)],
  learnedMaskOptions: [learnedMaskOptions, (more) => learnedMask({ ...mask, ...more })],
  loadTeacherOptions: [loadTeacherOptions, (more) => loadTeacher('teacher.pth', more)],
  lossTermOptions: [lossTermOptions, (more) => lossTerm('own', ({ logits }) => tf.mean(logits), more)],
  magnitudePruneOptions: [magnitudePruneOptions, (more) => magnitudePrune({ ...mask, ...more })],
  martOptions: [martOptions, (more) => mart(attack, more)],
  matchJacobianOptions: [matchJacobianOptions, (more) => matchJacobian({ epsilon: 0.3, ...more })],
  mixedOptions: [mixedOptions, (more) => pwoa({ ...mask, hsic, mixed: { attack, mixRatio: 0.2, ...more } })],
  mnistOptions: [mnistOptions, (more) => mnist(more)],
  normalisationOptions: [
    normalisationOptions,
    (more) => loadTeacher('t.pth', { normalisation: { mean: [0.5], std: [0.5], ...more } }),
  ],
  overallRateOptions: [overallRateOptions, (more) => admmMask({ ...mask, rate: { overall: 4, fixed: {}, ...more } })],
  penaltyOptions: [
    penaltyOptions,
    (more) => admmMask({ ...mask, rho: { initial: 0.01, growth: 1.35, max: 1, ...more } }),
  ],
  perturbOptions: [perturbOptions, (more) => perturb(noise, more)],
  proximalMaskOptions: [proximalMaskOptions, (more) => proximalMask({ ...mask, ...more })],
  pwoaOptions: [pwoaOptions, (more) => pwoa({ ...mask, hsic, ...more })],
  randomCropOptions: [randomCropOptions, (more) => randomCrop(more)],
  recipeOptions: [recipeOptions, (more) => admmMask({ ...mask, retrain: more })],
  sgdOptions: [sgdOptions, (more) => sgd(more)],
  shardOptions: [shardOptions, (more) => attackEval([attack], { shard: { index: 0, of: 2, ...more } })],
  signNoiseOptions: [signNoiseOptions, (more) => signNoise({ epsilon: 0.1, ...more })],
  syntheticDigitsOptions: [syntheticDigitsOptions, (more) => syntheticDigits(more)],
  tradesOptions: [tradesOptions, (more) => trades(attack, more)],
  trainOptions: [trainOptions, (more) => train({ epochs: 1, ...more })],
  uniformNoiseOptions: [uniformNoiseOptions, (more) => uniformNoise({ epsilon: 0.1, ...more })],
  vibOptions: [vibOptions, (more) => vib(more)],
}

/** By name: what takes options that are not declared yet. */
export const undeclared: Readonly<Record<string, Making>> = {
  apgd: (more) => apgd({ epsilon: 0.1, ...more }),
  apgdTargeted: (more) => apgdTargeted({ epsilon: 0.1, ...more }),
  autoAttack: (more) => autoAttack({ epsilon: 0.1, ...more }),
  cwL2: (more) => cwL2(more),
  fab: (more) => fab({ epsilon: 0.1, ...more }),
  fabTargeted: (more) => fabTargeted({ epsilon: 0.1, ...more }),
  fgsm: (more) => fgsm({ epsilon: 0.1, ...more }),
  pgd: (more) => pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1, ...more }),
  preactResnet18: (more) => preactResnet18({ width: 2, ...more }),
  resnet18: (more) => resnet18({ width: 2, ...more }),
  resnet34: (more) => resnet34({ width: 2, ...more }),
  resnet50: (more) => resnet50({ width: 2, ...more }),
  square: (more) => square({ epsilon: 0.1, ...more }),
  vgg16bn: (more) => vgg16bn({ width: 2, ...more }),
  wideResnet: (more) => wideResnet({ depth: 10, factor: 1, width: 2, ...more }),
}
