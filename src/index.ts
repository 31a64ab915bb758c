/** The public API: all that a pipeline file may import. */

export type { Attack, AttackInput, Classifier } from './attacks/attack.js'
export { type FgsmOptions, fgsm } from './attacks/fgsm.js'
export { type PgdOptions, pgd } from './attacks/pgd.js'
export { asynchronous } from './dsl/asynchronous.js'
export type { RunContext, StageState } from './dsl/context.js'
export type { DataContext, DataSource, Dataset, ImageShape, Split } from './dsl/dataset.js'
export { enrich } from './dsl/enrich.js'
export { enrichOnce } from './dsl/enrichOnce.js'
export { describeError, type PwoaError, PwoaFailure } from './dsl/errors.js'
export type { Accuracies, ParameterCounts, RunEvent } from './dsl/events.js'
export { type Op, type StageInfo, stage } from './dsl/op.js'
export { param, parameters } from './dsl/parameters.js'
export type { Pipeline } from './dsl/pipeline.js'
export type { RunHandle, RunOptions, Summary } from './dsl/run.js'
export type {
  HasTerms,
  HasTraining,
  LossTerm,
  Minibatch,
  NetworkOutputs,
  Phase,
  Step,
  TermBatch,
  TrainingMetrics,
} from './dsl/step.js'
export { withMinibatch } from './dsl/withMinibatch.js'
export { tf } from './engine/tf.js'
export { mnist } from './io/mnist.js'
export { syntheticDigits } from './io/syntheticDigits.js'
export { blockNoise, type Perturbation, signNoise, uniformNoise } from './math/perturbations.js'
export type { Pattern } from './math/projection.js'
export { type Architecture, architecture } from './models/architecture.js'
export { type Counts, countsOf } from './models/counts.js'
export { add, avgPool2d, conv2d, flatten, type Layer, linear, maxPool2d, relu } from './models/layers.js'
export { weightLayers } from './models/parameters.js'
export { architectureNames, lenet, lenet5, mnistNet, zoo } from './models/zoo.js'
export { type AdmmMaskOptions, admmMask } from './operators/admmMask.js'
export { type AdversarialOptions, type AttackSchedule, adversarial } from './operators/adversarial.js'
export { type AttackEvalOptions, attackEval } from './operators/attackEval.js'
export { type CrossEntropyOptions, crossEntropy } from './operators/crossEntropy.js'
export { type DistillOptions, distill } from './operators/distill.js'
export { exportModel } from './operators/exportModel.js'
export { type HsicRegularizeOptions, hsicRegularize } from './operators/hsicRegularize.js'
export { initialise } from './operators/initialise.js'
export { type LoadTeacherOptions, loadTeacher } from './operators/loadTeacher.js'
export { type LossTermOptions, lossTerm } from './operators/lossTerm.js'
export { type PerturbOptions, perturb } from './operators/perturb.js'
export { type TrainOptions, train } from './operators/train.js'
export { type Comparison, compare } from './runtime/compare.js'
export { definePipeline, type PipelineDefinition } from './runtime/definePipeline.js'
export { pipeline } from './runtime/pipeline.js'
export { type AdamOptions, adam } from './training/adam.js'
export type { HasStudent, HasTeacher, Network, Student } from './training/network.js'
export type { Optimizer } from './training/optimizer.js'
export type { Rate } from './training/rates.js'
export { constant, cosine, type Schedule, thirds } from './training/schedule.js'
export { type SgdOptions, sgd } from './training/sgd.js'
