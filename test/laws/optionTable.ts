/** Every declaration of options, with a factory that takes them: a line for each, by the declaration's name. */

import { apgd, apgdOptions } from '../../src/attacks/apgd/apgd.js'
import { apgdTargeted, apgdTargetedOptions } from '../../src/attacks/apgd/apgdTargeted.js'
import { autoAttack, autoAttackOptions } from '../../src/attacks/autoAttack.js'
import { cwL2, cwL2Options } from '../../src/attacks/cw/cwL2.js'
import { shardOptions } from '../../src/attacks/evaluation/shard.js'
import { fab, fabOptions } from '../../src/attacks/fab/fab.js'
import { fabTargeted, fabTargetedOptions } from '../../src/attacks/fab/fabTargeted.js'
import { fgsm, fgsmOptions } from '../../src/attacks/fgsm.js'
import { pgd, pgdOptions } from '../../src/attacks/pgd.js'
import { square, squareOptions } from '../../src/attacks/square/square.js'
import type { Fields } from '../../src/dsl/options/declare.js'
import { makePipeline } from '../../src/dsl/pipeline/makePipeline.js'
import { checkpointOptions, type RunHandle, runOptions } from '../../src/dsl/pipeline/run.js'
import { tf } from '../../src/engine/tf.js'
import {
  arraysPartOptions,
  arraysShapeOptions,
  fromArrays,
  fromArraysOptions,
} from '../../src/io/datasets/arrays/fromArrays.js'
import { fromGenerator, fromGeneratorOptions } from '../../src/io/datasets/arrays/fromGenerator.js'
import { fromNpy, fromNpyOptions, npyPartOptions } from '../../src/io/datasets/arrays/fromNpy.js'
import { cifar10, cifar10Options, cifar100, cifar100Options } from '../../src/io/datasets/cifar/cifar.js'
import { syntheticDigits, syntheticDigitsOptions } from '../../src/io/datasets/digits/syntheticDigits.js'
import { imageFolder, imageFolderOptions } from '../../src/io/datasets/images/imageFolder.js'
import { mnist, mnistOptions } from '../../src/io/datasets/mnist/mnist.js'
import { fromParquet, fromParquetOptions } from '../../src/io/datasets/parquet/fromParquet.js'
import { randomCrop, randomCropOptions } from '../../src/math/augmentations.js'
import {
  blockNoise,
  blockNoiseOptions,
  signNoise,
  signNoiseOptions,
  uniformNoise,
  uniformNoiseOptions,
} from '../../src/math/perturbations.js'
import { adaptiveAvgPool2d } from '../../src/models/architecture/adaptivePool.js'
import { normalisationOptions } from '../../src/models/architecture/imageNormalisations.js'
import { elu, gelu, leakyRelu, prelu, softplus } from '../../src/models/layers/activations.js'
import { layerScale, poolChannels, scale, selectChannels, softmax } from '../../src/models/layers/channelLayers.js'
import { fakeQuantize } from '../../src/models/layers/fakeQuantize.js'
import {
  attentionOptions,
  crossCovarianceOptions,
  eluOptions,
  fakeQuantizeOptions,
  flattenOptions,
  fourierPositionsOptions,
  geluOptions,
  givenOptions,
  groupNormOptions,
  layerNormOptions,
  layerScaleOptions,
  leakyReluOptions,
  linearOptions,
  normalizeOptions,
  poolChannelsOptions,
  preluOptions,
  scaleOptions,
  selectChannelsOptions,
  softmaxOptions,
  softplusOptions,
  takeTokenOptions,
  unitNormOptions,
} from '../../src/models/layers/layerOptions.js'
import {
  avgPool2d,
  conv2d,
  convTranspose2d,
  flatten,
  given,
  linear,
  maxPool2d,
  normalize,
  pad2d,
  relu,
} from '../../src/models/layers/layers.js'
import { groupNorm, layerNorm, unitNorm } from '../../src/models/layers/normalisations.js'
import { idOptions, placementOptions } from '../../src/models/layers/placement.js'
import { crop2d, crop2dOptions, unflatten, unflattenOptions } from '../../src/models/layers/reshaping.js'
import { resize2d, resize2dOptions } from '../../src/models/layers/resizing.js'
import { attention, crossCovariance, fourierPositions, takeToken } from '../../src/models/layers/tokens.js'
import {
  adaptivePool2dOptions,
  avgPool2dOptions,
  conv2dOptions,
  convTranspose2dOptions,
  maxPool2dOptions,
  pad2dOptions,
} from '../../src/models/layers/windowOptions.js'
import { densenet121, densenet121Options } from '../../src/models/zoo/densenet.js'
import {
  dmPreactResnet,
  dmPreactResnet18,
  dmPreactResnet18Options,
  dmPreactResnet34,
  dmPreactResnet34Options,
  dmPreactResnetOptions,
} from '../../src/models/zoo/dmPreactResnet.js'
import { dmWideResnet, dmWideResnetOptions } from '../../src/models/zoo/dmWideResnet.js'
import {
  ensemble,
  ensembleOptions,
  preactEnsemble,
  preactEnsembleOptions,
  preactResnet50,
  preactResnet50Options,
} from '../../src/models/zoo/ensembles.js'
import { mobilenetV2, mobilenetV2Options } from '../../src/models/zoo/mobilenetV2.js'
import { convnext, convnextOptions } from '../../src/models/zoo/patches/convnext.js'
import { vit, vitOptions } from '../../src/models/zoo/patches/vit.js'
import { xcit, xcitOptions } from '../../src/models/zoo/patches/xcit.js'
import { preactResnet18, preactResnet18Options } from '../../src/models/zoo/preactResnet.js'
import { raWideResnet, raWideResnetOptions } from '../../src/models/zoo/raWideResnet.js'
import { raWideResnet101x2, raWideResnet101x2Options } from '../../src/models/zoo/raWideResnet101x2.js'
import { resnest152, resnest152Options } from '../../src/models/zoo/resnest.js'
import {
  resnet18,
  resnet18Options,
  resnet34,
  resnet34Options,
  resnet50,
  resnet50Options,
  wideResnet50x2,
  wideResnet50x2Options,
} from '../../src/models/zoo/resnet.js'
import { robustWideResnet, robustWideResnetOptions } from '../../src/models/zoo/robustWideResnet.js'
import { vgg11bn, vgg11bnOptions, vgg16bn, vgg16bnOptions } from '../../src/models/zoo/vgg.js'
import { wideResnet, wideResnetOptions } from '../../src/models/zoo/wideResnet.js'
import { admmMask, admmMaskOptions } from '../../src/operators/admmMask.js'
import { adversarial, adversarialOptions } from '../../src/operators/adversarial.js'
import { attackEval, attackEvalOptions } from '../../src/operators/attackEval.js'
import { ceb, cebOptions } from '../../src/operators/ceb.js'
import { certify, certifyOptions } from '../../src/operators/certify.js'
import { crossEntropy, crossEntropyOptions } from '../../src/operators/crossEntropy.js'
import { distill, distillOptions } from '../../src/operators/distill.js'
import { earlyStop, earlyStopOptions } from '../../src/operators/earlyStop.js'
import { exportModel, exportModelOptions } from '../../src/operators/exportModel.js'
import { hsicRegularize, hsicRegularizeOptions } from '../../src/operators/hsicRegularize.js'
import { lbgat, lbgatOptions } from '../../src/operators/lbgat.js'
import { learnedMask, learnedMaskOptions } from '../../src/operators/learnedMask.js'
import { limit, limitOptions } from '../../src/operators/limit.js'
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
import { askedAttackOptions } from '../../src/runtime/ask/attackReport.js'
import { blackBox, blackBoxOptions } from '../../src/runtime/ask/blackBox.js'
import { loadNetwork, loadNetworkOptions } from '../../src/runtime/ask/loadNetwork.js'
import { toMlflow, toMlflowOptions } from '../../src/runtime/loggers/toMlflow.js'
import { toTensorboard, toTensorboardOptions } from '../../src/runtime/loggers/toTensorboard.js'
import { toWandb, toWandbOptions } from '../../src/runtime/loggers/toWandb.js'
import { halvingOptions, search, searchOptions } from '../../src/runtime/sweep/search.js'
import { studyOptions, sweep, sweepOptions } from '../../src/runtime/sweep/sweep.js'
import { penaltyOptions } from '../../src/training/pruning/pruning.js'
import {
  byteBudgetOptions,
  countedBudgetOptions,
  latencyBudgetOptions,
  overallRateOptions,
} from '../../src/training/pruning/rates.js'
import { adam, adamOptions } from '../../src/training/step/adam.js'
import { recipeOptions } from '../../src/training/step/recipe.js'
import { sgd, sgdOptions } from '../../src/training/step/sgd.js'

/** Declared options, and what makes something of valid ones and `more` among them. */
type Entry = readonly [declared: { readonly fields: Fields }, make: (more: object) => unknown]

const attack = fgsm({ epsilon: 0.1 })
const noise = blockNoise({ epsilon: 0.3 })
const mask = { pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 } as const
const hsic = { lambdaX: 1e-3, lambdaY: 1e-3 }

const unstarted = makePipeline('unstarted', syntheticDigits(), () => {
  throw new Error('it is not run here')
})

/** Checks the options of a run; a run that would start ends at once. */
const run = (options: object): void => {
  const runs = makePipeline('run', syntheticDigits(), () => ({}) as RunHandle)
  runs.run(options)
}

const tried = (options: object): unknown => sweep('tried', [{ row: 'one', rate: 2 }], () => unstarted, options)

const searched = (options: object): unknown =>
  search('tried', { rate: [2, 4] }, () => unstarted, { points: 2, ...options })

const pixel = { height: 1, width: 1, channels: 1 }
const two = { images: Uint8Array.of(0, 1), labels: [0, 1] }
const npy = { images: 'x.npy', labels: 'y.npy' }
const generated = { name: 'two', shape: pixel, classes: 2, train: () => [], test: () => [] }
const inMemory = { name: 'two', shape: pixel, train: two, test: two }

const unanswered = (more: object) => blackBox({ input: pixel, classes: 2, logits: () => [], ...more })

/** The options are checked before anything is read or asked. */
const ignored = (): undefined => undefined

/** By the name of the declaration. */
export const optionTable: Readonly<Record<string, Entry>> = {
  adaptivePool2dOptions: [adaptivePool2dOptions, (more) => adaptiveAvgPool2d(more)],
  adamOptions: [adamOptions, (more) => adam(more)],
  admmMaskOptions: [admmMaskOptions, (more) => admmMask({ ...mask, ...more })],
  adversarialOptions: [adversarialOptions, (more) => adversarial(attack, more)],
  apdOptions: [apdOptions, (more) => apd(attack, { ...mask, ...more })],
  apgdOptions: [apgdOptions, (more) => apgd({ epsilon: 0.1, ...more })],
  apgdTargetedOptions: [apgdTargetedOptions, (more) => apgdTargeted({ epsilon: 0.1, ...more })],
  arraysPartOptions: [arraysPartOptions, (more) => fromArrays({ ...inMemory, test: { ...two, ...more } })],
  arraysShapeOptions: [arraysShapeOptions, (more) => fromArrays({ ...inMemory, shape: { ...pixel, ...more } })],
  askedAttackOptions: [
    askedAttackOptions,
    (more) =>
      void unanswered({})
        .attack(square({ epsilon: 0.1 }), new Uint8Array(1), [0], more)
        .catch(ignored),
  ],
  attackEvalOptions: [attackEvalOptions, (more) => attackEval([attack], more)],
  autoAttackOptions: [autoAttackOptions, (more) => autoAttack({ epsilon: 0.1, ...more })],
  avgPool2dOptions: [avgPool2dOptions, (more) => avgPool2d({ kernel: 2, ...more })],
  blackBoxOptions: [blackBoxOptions, (more) => unanswered(more)],
  blockNoiseOptions: [blockNoiseOptions, (more) => blockNoise({ epsilon: 0.1, ...more })],
  cebOptions: [cebOptions, (more) => ceb(more)],
  certifyOptions: [certifyOptions, (more) => certify({ epsilon: 0.1, ...more })],
  cifar100Options: [cifar100Options, (more) => cifar100(more)],
  cifar10Options: [cifar10Options, (more) => cifar10(more)],
  checkpointOptions: [checkpointOptions, (more) => run({ checkpoints: { everySteps: 1, ...more } })],
  convTranspose2dOptions: [convTranspose2dOptions, (more) => convTranspose2d('c', { out: 4, kernel: 3, ...more })],
  conv2dOptions: [conv2dOptions, (more) => conv2d('c', { out: 4, kernel: 3, ...more })],
  byteBudgetOptions: [
    byteBudgetOptions,
    (more) => admmMask({ pattern: 'irregular', rate: { budget: 'flash', bytes: 32_768, ...more } }),
  ],
  countedBudgetOptions: [
    countedBudgetOptions,
    (more) => admmMask({ pattern: 'filter', rate: { budget: 'flops', keep: 0.5, ...more } }),
  ],
  crossEntropyOptions: [crossEntropyOptions, (more) => crossEntropy(more)],
  cwL2Options: [cwL2Options, (more) => cwL2(more)],
  distillOptions: [distillOptions, (more) => distill(more)],
  dmPreactResnet18Options: [dmPreactResnet18Options, (more) => dmPreactResnet18({ width: 2, ...more })],
  dmWideResnetOptions: [dmWideResnetOptions, (more) => dmWideResnet({ depth: 10, factor: 1, width: 2, ...more })],
  earlyStopOptions: [earlyStopOptions, (more) => earlyStop(attack, more)],
  eluOptions: [eluOptions, (more) => elu(more)],
  exportModelOptions: [exportModelOptions, (more) => exportModel('student.safetensors', more)],
  fabOptions: [fabOptions, (more) => fab({ epsilon: 0.1, ...more })],
  fabTargetedOptions: [fabTargetedOptions, (more) => fabTargeted({ epsilon: 0.1, ...more })],
  fakeQuantizeOptions: [fakeQuantizeOptions, (more) => fakeQuantize({ scale: [1], zeroPoint: [0], ...more })],
  fgsmOptions: [fgsmOptions, (more) => fgsm({ epsilon: 0.1, ...more })],
  geluOptions: [geluOptions, (more) => gelu(more)],
  givenOptions: [givenOptions, (more) => given('noise', { id: 'n', out: 4, ...more })],
  attentionOptions: [attentionOptions, (more) => attention(['q', 'k', 'v'], { heads: 2, ...more })],
  crossCovarianceOptions: [
    crossCovarianceOptions,
    (more) => crossCovariance('t', ['q', 'k', 'v'], { heads: 2, ...more }),
  ],
  fourierPositionsOptions: [fourierPositionsOptions, (more) => fourierPositions('p', more)],
  softmaxOptions: [softmaxOptions, (more) => softmax(more)],
  unitNormOptions: [unitNormOptions, (more) => unitNorm(more)],
  takeTokenOptions: [takeTokenOptions, (more) => takeToken(more)],
  flattenOptions: [flattenOptions, (more) => flatten(more)],
  unflattenOptions: [unflattenOptions, (more) => unflatten({ channels: 2, ...more })],
  crop2dOptions: [crop2dOptions, (more) => crop2d(more)],
  resize2dOptions: [resize2dOptions, (more) => resize2d({ height: 2, width: 2, ...more })],
  poolChannelsOptions: [poolChannelsOptions, (more) => poolChannels(more)],
  groupNormOptions: [groupNormOptions, (more) => groupNorm('n', { groups: 2, ...more })],
  hsicRegularizeOptions: [hsicRegularizeOptions, (more) => hsicRegularize({ ...hsic, ...more })],
  hydraOptions: [hydraOptions, (more) => hydra(attack, { ...mask, ...more })],
  idOptions: [idOptions, (more) => relu(more)],
  fromArraysOptions: [fromArraysOptions, (more) => fromArrays({ ...inMemory, ...more })],
  fromGeneratorOptions: [fromGeneratorOptions, (more) => fromGenerator({ ...generated, ...more })],
  fromNpyOptions: [fromNpyOptions, (more) => fromNpy({ name: 'two', train: npy, test: npy, ...more })],
  fromParquetOptions: [
    fromParquetOptions,
    (more) => fromParquet({ name: 'two', train: ['a.parquet'], test: ['b.parquet'], ...more }),
  ],
  npyPartOptions: [npyPartOptions, (more) => fromNpy({ name: 'two', train: npy, test: { ...npy, ...more } })],
  imageFolderOptions: [imageFolderOptions, (more) => imageFolder({ name: 'flowers', ...more })],
  latencyBudgetOptions: [
    latencyBudgetOptions,
    (more) => admmMask({ pattern: 'filter', rate: { budget: 'latency', keep: 0.5, ...more } }),
  ],
  preluOptions: [preluOptions, (more) => prelu('p', more)],
  layerNormOptions: [layerNormOptions, (more) => layerNorm('n', more)],
  lbgatOptions: [lbgatOptions, (more) => lbgat(attack, more)],
  leakyReluOptions: [leakyReluOptions, (more) => leakyRelu(more)],
  learnedMaskOptions: [learnedMaskOptions, (more) => learnedMask({ ...mask, ...more })],
  limitOptions: [limitOptions, (more) => limit({ steps: 1, ...more })],
  linearOptions: [linearOptions, (more) => linear('l', { out: 4, ...more })],
  loadNetworkOptions: [loadNetworkOptions, (more) => void loadNetwork('absent.safetensors', more).catch(ignored)],
  loadTeacherOptions: [loadTeacherOptions, (more) => loadTeacher('teacher.pth', more)],
  lossTermOptions: [lossTermOptions, (more) => lossTerm('own', ({ logits }) => tf.mean(logits), more)],
  magnitudePruneOptions: [magnitudePruneOptions, (more) => magnitudePrune({ ...mask, ...more })],
  martOptions: [martOptions, (more) => mart(attack, more)],
  matchJacobianOptions: [matchJacobianOptions, (more) => matchJacobian({ epsilon: 0.3, ...more })],
  maxPool2dOptions: [maxPool2dOptions, (more) => maxPool2d({ kernel: 2, ...more })],
  mixedOptions: [mixedOptions, (more) => pwoa({ ...mask, hsic, mixed: { attack, mixRatio: 0.2, ...more } })],
  mnistOptions: [mnistOptions, (more) => mnist(more)],
  normalisationOptions: [
    normalisationOptions,
    (more) => loadTeacher('t.pth', { normalisation: { mean: [0.5], std: [0.5], ...more } }),
  ],
  normalizeOptions: [normalizeOptions, (more) => normalize({ mean: [0.5], std: [0.5], ...more })],
  overallRateOptions: [overallRateOptions, (more) => admmMask({ ...mask, rate: { overall: 4, fixed: {}, ...more } })],
  pad2dOptions: [pad2dOptions, (more) => pad2d({ right: 1, ...more })],
  penaltyOptions: [
    penaltyOptions,
    (more) => admmMask({ ...mask, rho: { initial: 0.01, growth: 1.35, max: 1, ...more } }),
  ],
  perturbOptions: [perturbOptions, (more) => perturb(noise, more)],
  pgdOptions: [pgdOptions, (more) => pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1, ...more })],
  placementOptions: [placementOptions, (more) => flatten(more)],
  preactResnet18Options: [preactResnet18Options, (more) => preactResnet18({ width: 2, ...more })],
  proximalMaskOptions: [proximalMaskOptions, (more) => proximalMask({ ...mask, ...more })],
  pwoaOptions: [pwoaOptions, (more) => pwoa({ ...mask, hsic, ...more })],
  randomCropOptions: [randomCropOptions, (more) => randomCrop(more)],
  recipeOptions: [recipeOptions, (more) => admmMask({ ...mask, retrain: more })],
  resnet18Options: [resnet18Options, (more) => resnet18({ width: 2, ...more })],
  resnet34Options: [resnet34Options, (more) => resnet34({ width: 2, ...more })],
  resnet50Options: [resnet50Options, (more) => resnet50({ width: 2, ...more })],
  runOptions: [runOptions, (more) => run(more)],
  layerScaleOptions: [layerScaleOptions, (more) => layerScale('gamma', more)],
  scaleOptions: [scaleOptions, (more) => scale({ factor: 2, ...more })],
  halvingOptions: [halvingOptions, (more) => searched({ metric: 'loss', halving: { factor: 2, rungs: 1, ...more } })],
  searchOptions: [searchOptions, (more) => searched(more)],
  selectChannelsOptions: [selectChannelsOptions, (more) => selectChannels({ channels: [0], ...more })],
  sgdOptions: [sgdOptions, (more) => sgd(more)],
  shardOptions: [shardOptions, (more) => attackEval([attack], { shard: { index: 0, of: 2, ...more } })],
  signNoiseOptions: [signNoiseOptions, (more) => signNoise({ epsilon: 0.1, ...more })],
  softplusOptions: [softplusOptions, (more) => softplus(more)],
  squareOptions: [squareOptions, (more) => square({ epsilon: 0.1, ...more })],
  studyOptions: [studyOptions, (more) => tried({ study: { method: 'row', across: 'rate', ...more } })],
  sweepOptions: [sweepOptions, (more) => tried(more)],
  syntheticDigitsOptions: [syntheticDigitsOptions, (more) => syntheticDigits(more)],
  toMlflowOptions: [toMlflowOptions, (more) => toMlflow(more)],
  toTensorboardOptions: [toTensorboardOptions, (more) => toTensorboard(more)],
  toWandbOptions: [toWandbOptions, (more) => toWandb(more)],
  tradesOptions: [tradesOptions, (more) => trades(attack, more)],
  trainOptions: [trainOptions, (more) => train({ epochs: 1, ...more })],
  uniformNoiseOptions: [uniformNoiseOptions, (more) => uniformNoise({ epsilon: 0.1, ...more })],
  convnextOptions: [convnextOptions, (more) => convnext({ width: 4, size: 32, depths: [1, 1, 1, 1], ...more })],
  ensembleOptions: [
    ensembleOptions,
    (more) => ensemble([wideResnet({ depth: 10, factor: 1, width: 1 }), resnet18({ width: 1 })], more),
  ],
  preactEnsembleOptions: [preactEnsembleOptions, (more) => preactEnsemble({ width: 1, ...more })],
  preactResnet50Options: [preactResnet50Options, (more) => preactResnet50({ width: 1, ...more })],
  resnest152Options: [resnest152Options, (more) => resnest152({ width: 4, stem: 1, blocks: [1, 1, 1, 1], ...more })],
  xcitOptions: [xcitOptions, (more) => xcit({ width: 8, depth: 1, size: 16, features: 4, ...more })],
  densenet121Options: [densenet121Options, (more) => densenet121({ growth: 1, width: 2, size: 32, ...more })],
  dmPreactResnetOptions: [dmPreactResnetOptions, (more) => dmPreactResnet({ width: 2, ...more })],
  dmPreactResnet34Options: [dmPreactResnet34Options, (more) => dmPreactResnet34({ width: 2, ...more })],
  mobilenetV2Options: [mobilenetV2Options, (more) => mobilenetV2({ multiplier: 0.1, size: 32, ...more })],
  raWideResnet101x2Options: [
    raWideResnet101x2Options,
    (more) => raWideResnet101x2({ width: 4, size: 32, depths: [1, 1, 1, 1], channels: [8, 8, 8, 8], ...more }),
  ],
  raWideResnetOptions: [
    raWideResnetOptions,
    (more) => raWideResnet({ blocks: [1, 1, 1], channels: [4, 6, 8, 12], ...more }),
  ],
  robustWideResnetOptions: [
    robustWideResnetOptions,
    (more) => robustWideResnet({ blocks: [1, 1, 1], channels: [4, 6, 8, 12], ...more }),
  ],
  vgg11bnOptions: [vgg11bnOptions, (more) => vgg11bn({ width: 2, ...more })],
  wideResnet50x2Options: [wideResnet50x2Options, (more) => wideResnet50x2({ width: 2, ...more })],
  vgg16bnOptions: [vgg16bnOptions, (more) => vgg16bn({ width: 2, ...more })],
  vitOptions: [vitOptions, (more) => vit({ depth: 1, width: 12, size: 32, ...more })],
  vibOptions: [vibOptions, (more) => vib(more)],
  wideResnetOptions: [wideResnetOptions, (more) => wideResnet({ depth: 10, factor: 1, width: 2, ...more })],
}
