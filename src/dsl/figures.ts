// What is measured of a network and of a run. Each type is that of its codec: the figures are read back from files.
import * as t from 'io-ts'
import { objectCodec, optionalCodec, recordCodec } from './kit/codecOf.js'

const attackDetails = t.intersection([
  objectCodec({
    /** Robust accuracy after each of its stages, in order: the attacks of AutoAttack, or the attack itself. */
    stages: recordCodec(t.number),
    seconds: t.number,
  }),
  optionalCodec({
    /** Mean length of the perturbations that broke an example, in the attack's norm; absent if none did. */
    meanDistance: t.number,
    /**
     * By stage: the share of the examples it was given that it did not break and on which its loss has no gradient (zero
     * or not finite in at least half of its steps). Absent if there are none: its figure is then no evidence on them.
     */
    withoutGradient: recordCodec(t.number),
  }),
])

/** How an attack's figure came about. */
export interface AttackDetails extends t.TypeOf<typeof attackDetails> {}

/** The codec of {@link AttackDetails}. */
export const AttackDetails: t.Type<AttackDetails> = attackDetails

const accuracies = t.intersection([
  objectCodec({
    clean: t.number,
    /** By the attack's name. */
    attacks: recordCodec(t.number),
    /** Number of test examples that the fractions were measured on. */
    examples: t.number,
  }),
  optionalCodec({
    /** More about each attack, by its name. */
    details: recordCodec(AttackDetails),
  }),
])

/** Fractions of correctly classified examples, without an attack and under each of them. */
export interface Accuracies extends t.TypeOf<typeof accuracies> {}

/** The codec of {@link Accuracies}. */
export const Accuracies: t.Type<Accuracies> = accuracies

const parameterCounts = objectCodec({
  total: t.number,
  kept: t.number,
  prunable: t.number,
  prunableKept: t.number,
  /** Floating-point operations of one image's forward pass, two per multiply-accumulate. */
  flops: t.number,
  /** The same without those of weights that are 0: what an engine that skips zeros would do. */
  flopsKept: t.number,
})

/** Parameters of a network: all of them, those that pruning may touch, and how many of each are not zero. */
export interface ParameterCounts extends t.TypeOf<typeof parameterCounts> {}

/** The codec of {@link ParameterCounts}. */
export const ParameterCounts: t.Type<ParameterCounts> = parameterCounts

const layerWeights = objectCodec({
  name: t.string,
  size: t.number,
  /** How many of them are exactly 0. */
  zeros: t.number,
  /** The histogram goes from −bound to bound: the largest magnitude. 0 for a layer of zeros. */
  bound: t.number,
  /** Share of the weights that are not 0, in bins of equal width; of an evenly spaced part of them in a large layer. */
  histogram: t.readonlyArray(t.number),
})

/** The weights of one layer at one moment. */
export interface LayerWeights extends t.TypeOf<typeof layerWeights> {}

/** The codec of {@link LayerWeights}. */
export const LayerWeights: t.Type<LayerWeights> = layerWeights

const environment = objectCodec({
  /** Version of this package. */
  pwoa: t.string,
  /** Version of Node. */
  node: t.string,
  system: t.string,
  processor: t.string,
  cores: t.number,
  /** In bytes. */
  memory: t.number,
})

/** Where a run, or a part of one, was computed. */
export interface Environment extends t.TypeOf<typeof environment> {}

/** The codec of {@link Environment}. */
export const Environment: t.Type<Environment> = environment

const layerSize = objectCodec({
  /** The layer's id. */
  layer: t.string,
  parameters: t.number,
  /** Parameters that are not 0. */
  nonZero: t.number,
  /** Floating-point operations of one image's forward pass, two per multiply-accumulate, zeros included. */
  flops: t.number,
  /** Of its parameters and statistics in a file, 4 for each. */
  bytes: t.number,
  /** The same in a sparse file: a bit for each number, and 4 bytes for those that are not 0. */
  sparseBytes: t.number,
})

/** How large a layer is, and what one image costs. */
export interface LayerSize extends t.TypeOf<typeof layerSize> {}

/** The codec of {@link LayerSize}. */
export const LayerSize: t.Type<LayerSize> = layerSize

const networkSizes = t.intersection([
  objectCodec({ before: t.readonlyArray(LayerSize), after: t.readonlyArray(LayerSize) }),
  optionalCodec({
    /** Operations of one image's forward pass through the smaller network, without those of weights that are 0. */
    flopsKept: t.number,
  }),
])

/** The layers of a network, in order, before and after it was made smaller. */
export interface NetworkSizes extends t.TypeOf<typeof networkSizes> {}

/** The codec of {@link NetworkSizes}. */
export const NetworkSizes: t.Type<NetworkSizes> = networkSizes

const latencies = objectCodec({
  /** Seconds of a whole forward pass, as the engine runs it. */
  whole: t.number,
  /** Of each layer by itself, in order: they don't add up to the whole. */
  layers: t.readonlyArray(objectCodec({ layer: t.string, seconds: t.number })),
})

/** How long a network in use takes for a batch of images. */
export interface Latencies extends t.TypeOf<typeof latencies> {}

/** The codec of {@link Latencies}. */
export const Latencies: t.Type<Latencies> = latencies

const networkLatency = objectCodec({
  /** In the batch that was timed. */
  images: t.number,
  before: Latencies,
  after: Latencies,
})

/** How long a network takes before and after it was made smaller. */
export interface NetworkLatency extends t.TypeOf<typeof networkLatency> {}

/** The codec of {@link NetworkLatency}. */
export const NetworkLatency: t.Type<NetworkLatency> = networkLatency
