/**
 * The public API: all that a pipeline file may import.
 *
 * @module pwoa
 */

export { type ApgdOptions, apgd } from './attacks/apgd/apgd.js'
export { type ApgdTargetedOptions, apgdTargeted } from './attacks/apgd/apgdTargeted.js'
export { type AutoAttackOptions, autoAttack } from './attacks/autoAttack.js'
export type { Asking, AskingInput, Question } from './attacks/common/asking.js'
export type { Attack, AttackInput, AttackSequence, Classifier, Perturbing } from './attacks/common/attack.js'
export type { GradientWatch } from './attacks/common/gradientWatch.js'
export type { NormName } from './attacks/common/norms.js'
export { type CwL2Options, cwL2 } from './attacks/cw/cwL2.js'
export type { Outcome } from './attacks/evaluation/evaluation.js'
export type { Shard } from './attacks/evaluation/shard.js'
export { type FabOptions, fab } from './attacks/fab/fab.js'

export { type FabTargetedOptions, fabTargeted } from './attacks/fab/fabTargeted.js'
export { type FgsmOptions, fgsm } from './attacks/fgsm.js'
export { type PgdOptions, pgd } from './attacks/pgd.js'
export { runAttack } from './attacks/run.js'
export { type SquareOptions, square } from './attacks/square/square.js'
export type { Certificate } from './dsl/certificates.js'
export type { Journal, RunContext, StageState } from './dsl/context.js'
export type { OwnDataSource } from './dsl/dataSourceOf.js'
export type { Augmentation, DataContext, DataSource, Dataset, Dice, ImageShape, Split } from './dsl/dataset.js'
export { describeError, type PwoaError, PwoaFailure } from './dsl/errors.js'
export type { RunEvent } from './dsl/events.js'
export type { Accuracies, AttackDetails, Environment, LayerWeights, ParameterCounts } from './dsl/figures.js'
export type { Extent } from './dsl/kit/extent.js'
export { type Op, type StageInfo, stage } from './dsl/op.js'
export { param, parameters } from './dsl/parameters.js'
export type { Phase } from './dsl/phases.js'
export type { Observer, Pipeline } from './dsl/pipeline/pipeline.js'
export type { RunHandle, RunOptions, Summary } from './dsl/pipeline/run.js'
export { asynchronous } from './dsl/stages/asynchronous.js'
export { composite } from './dsl/stages/composite.js'
export { enrich } from './dsl/stages/enrich.js'
export { enrichOnce } from './dsl/stages/enrichOnce.js'
export {
  type HasLimit,
  type HasTerms,
  type HasTraining,
  type LossTerm,
  type Minibatch,
  type NetworkOutputs,
  type Step,
  type TermBatch,
  type TrainedOutputs,
  type TrainingMetrics,
  withMinibatch,
} from './dsl/step.js'
export { tf } from './engine/tf.js'
export { type FromArraysOptions, fromArrays } from './io/datasets/arrays/fromArrays.js'
export {
  type FromGeneratorOptions,
  fromGenerator,
  type LabelledImage,
  type LabelledImages,
} from './io/datasets/arrays/fromGenerator.js'
export { type FromNpyOptions, fromNpy } from './io/datasets/arrays/fromNpy.js'
export { type CifarOptions, cifar10, cifar100 } from './io/datasets/cifar/cifar.js'
export { type SyntheticDigitsOptions, syntheticDigits } from './io/datasets/digits/syntheticDigits.js'
export { heldOut } from './io/datasets/heldOut.js'
export { type ImageFolderOptions, imageFolder } from './io/datasets/images/imageFolder.js'
export { type MnistOptions, mnist } from './io/datasets/mnist/mnist.js'
export { type FromParquetOptions, fromParquet } from './io/datasets/parquet/fromParquet.js'
export { horizontalFlip, type RandomCropOptions, randomCrop } from './math/augmentations.js'
export type { Pattern } from './math/patterns.js'
export { blockNoise, type Perturbation, signNoise, uniformNoise } from './math/perturbations.js'
export { adaptiveAvgPool2d, adaptiveMaxPool2d } from './models/architecture/adaptivePool.js'
export { type Architecture, type ArchitectureOptions, architecture } from './models/architecture/architecture.js'
export { hiddenLayers } from './models/architecture/hiddenLayers.js'
export {
  type NamedNormalisation,
  type NormalisationName,
  normalisations,
} from './models/architecture/imageNormalisations.js'
export {
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  prelu,
  relu6,
  sigmoid,
  silu,
  softplus,
  tanh,
} from './models/layers/activations.js'
export {
  concat,
  layerScale,
  multiply,
  poolChannels,
  scale,
  selectChannels,
  softmax,
} from './models/layers/channelLayers.js'
export { fakeQuantize } from './models/layers/fakeQuantize.js'
export type { Layer, Normalisation } from './models/layers/layer.js'
export {
  add,
  avgPool2d,
  batchNorm2d,
  conv2d,
  convTranspose2d,
  flatten,
  linear,
  maxPool2d,
  normalize,
  pad2d,
  relu,
} from './models/layers/layers.js'
export { groupNorm, layerNorm, standardize, unitNorm } from './models/layers/normalisations.js'
export { crop2d, unflatten } from './models/layers/reshaping.js'
export { resize2d } from './models/layers/resizing.js'
export {
  attention,
  classToken,
  crossCovariance,
  fourierPositions,
  positionEmbedding,
  takeToken,
} from './models/layers/tokens.js'
export { type Counts, countsOf } from './models/parameters/counts.js'
export { withNormalisation } from './models/parameters/normalisation.js'
export { weightLayers } from './models/parameters/parameters.js'
export { type DensenetOptions, densenet121 } from './models/zoo/densenet.js'
export {
  type DmPreactResnet18Options,
  type DmPreactResnetOptions,
  dmPreactResnet,
  dmPreactResnet18,
  dmPreactResnet34,
} from './models/zoo/dmPreactResnet.js'
export { type DmWideResnetOptions, dmWideResnet } from './models/zoo/dmWideResnet.js'
export {
  type EnsembleOptions,
  ensemble,
  type PreactEnsembleOptions,
  preactEnsemble,
  preactResnet50,
} from './models/zoo/ensembles.js'
export { type MobilenetV2Options, mobilenetV2 } from './models/zoo/mobilenetV2.js'
export { type ConvnextOptions, convnext } from './models/zoo/patches/convnext.js'
export { type VitOptions, vit } from './models/zoo/patches/vit.js'
export { type XcitOptions, xcit } from './models/zoo/patches/xcit.js'
export { type PreactResnetOptions, preactResnet18 } from './models/zoo/preactResnet.js'
export { type RaWideResnetOptions, raWideResnet } from './models/zoo/raWideResnet.js'
export { type RaWideResnet101x2Options, raWideResnet101x2 } from './models/zoo/raWideResnet101x2.js'
export { type ResnestOptions, resnest152 } from './models/zoo/resnest.js'
export { type ResnetOptions, resnet18, resnet34, resnet50, wideResnet50x2 } from './models/zoo/resnet.js'
export { type RobustWideResnetOptions, robustWideResnet } from './models/zoo/robustWideResnet.js'
export { coltMnist, ovalBase, ovalDeep, resnet2b, resnet2bMnbab, smallCnn } from './models/zoo/smallNetworks.js'
export { type VggOptions, vgg11bn, vgg16bn } from './models/zoo/vgg.js'
export { type WideResnetOptions, wideResnet } from './models/zoo/wideResnet.js'
export type { ArchitectureName } from './models/zoo/zoo.js'
export { architectureNames, cifarNet, lenet, lenet5, mnistNet, zoo } from './models/zoo/zoo.js'
export { type AdmmMaskOptions, admmMask } from './operators/admmMask.js'
export { type AdversarialOptions, adversarial } from './operators/adversarial.js'
export { type AttackEvalOptions, attackEval } from './operators/attackEval.js'
export { type CebOptions, ceb } from './operators/ceb.js'
export { type CertifyOptions, certify } from './operators/certify.js'
export { type CrossEntropyOptions, crossEntropy } from './operators/crossEntropy.js'
export { type DistillOptions, distill } from './operators/distill.js'
export { type EarlyStopOptions, earlyStop } from './operators/earlyStop.js'
export { type ExportModelOptions, exportModel } from './operators/exportModel.js'
export { type HsicRegularizeOptions, hsicRegularize } from './operators/hsicRegularize.js'
export { initialise } from './operators/initialise.js'
export { type LbgatOptions, lbgat } from './operators/lbgat.js'
export { type LearnedMaskOptions, learnedMask } from './operators/learnedMask.js'
export { type LimitOptions, limit } from './operators/limit.js'
export { type LoadTeacherOptions, loadTeacher } from './operators/loadTeacher.js'
export { type LossTermOptions, lossTerm } from './operators/lossTerm.js'
export { type MagnitudePruneOptions, magnitudePrune } from './operators/magnitudePrune.js'
export { type MartOptions, mart } from './operators/mart.js'
export { type MatchJacobianOptions, matchJacobian } from './operators/matchJacobian.js'
export { metric } from './operators/metric.js'
export { type PerturbationSchedule, type PerturbOptions, perturb } from './operators/perturb.js'
export { type ProximalMaskOptions, proximalMask } from './operators/proximalMask.js'
export { shrink } from './operators/shrink.js'
export { type TradesOptions, trades } from './operators/trades.js'
export { type TrainOptions, train } from './operators/train.js'
export { type VibOptions, vib } from './operators/vib.js'
export { advPrune } from './pipelines/advPrune.js'
export { type ApdOptions, apd } from './pipelines/apd.js'
export { type HydraOptions, hydra } from './pipelines/hydra.js'
export { naive } from './pipelines/naive.js'
export { type Preset, presetAt, presetNames, presets } from './pipelines/presets.js'
export { type PwoaOptions, pwoa } from './pipelines/pwoa.js'
export { readingParameters } from './pipelines/readingParameters.js'
export type { Spread, Study, StudyRow } from './report/study/study.js'
export type { AskedNetwork } from './runtime/ask/askedNetwork.js'
export type { AskedAttackOptions, AttackReport } from './runtime/ask/attackReport.js'
export { type BlackBox, type BlackBoxOptions, blackBox } from './runtime/ask/blackBox.js'
export type { Images } from './runtime/ask/givenImages.js'
export type { Guess } from './runtime/ask/guesses.js'
export { type LoadedNetwork, type LoadNetworkOptions, loadNetwork } from './runtime/ask/loadNetwork.js'
export { compare } from './runtime/comparison/compare.js'
export type { Comparison } from './runtime/comparison/comparison.js'
export { definePipeline, type PipelineDefinition } from './runtime/file/definePipeline.js'
export { type ToMlflowOptions, toMlflow } from './runtime/loggers/toMlflow.js'
export { type ToTensorboardOptions, toTensorboard } from './runtime/loggers/toTensorboard.js'
export { type ToWandbOptions, toWandb } from './runtime/loggers/toWandb.js'
export { pipeline } from './runtime/run/pipeline.js'
export { type Range, type RangeNumbers, type RangeScale, range } from './runtime/search/range.js'
export { type Drawn, type HalvingOptions, type SearchOptions, search } from './runtime/sweep/search.js'
export { shards } from './runtime/sweep/shards.js'
export { type SweepOptions, sweep } from './runtime/sweep/sweep.js'
export type {
  PointRecord,
  Sweep,
  SweepEvent,
  SweepHandle,
  SweepPoint,
  SweepSummary,
} from './runtime/sweep/sweepTypes.js'
export type { HasGuide, HasStudent, HasTeacher, Network, Student } from './training/network/network.js'
export type { RateSharing } from './training/pruning/rateSharing.js'
export type { Budget, Excluded, Rate } from './training/pruning/rates.js'
export { type AdamOptions, adam } from './training/step/adam.js'
export type { Optimizer } from './training/step/optimizer.js'
export { constant, cosine, multiStep, type Schedule, thirds } from './training/step/schedule.js'
export { type SgdOptions, sgd } from './training/step/sgd.js'
export type { AttackSchedule } from './training/views/attackStep.js'
