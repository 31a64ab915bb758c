// What is measured of a network and of a run. Each type is that of its codec: the figures are read back from files.
import * as t from 'io-ts'
import { objectCodec, optionalCodec, recordCodec } from './kit/codecOf.js'
import { amountCodec, countCodec, shareCodec } from './kit/figureCodecs.js'

const attackDetails = t.intersection([
  objectCodec({
    /** Robust accuracy after each of its stages, in order: the attacks of AutoAttack, or the attack itself. */
    stages: recordCodec(shareCodec),
    seconds: amountCodec,
  }),
  optionalCodec({
    /** Mean length of the perturbations that broke an example, in the attack's norm; absent if none did. */
    meanDistance: amountCodec,
    /**
     * By stage: the share of the examples it was given that it did not break and on which its loss has no gradient (zero
     * or not finite in at least half of its steps). Absent if there are none: its figure is then no evidence on them.
     */
    withoutGradient: recordCodec(shareCodec),
  }),
])

/** How an attack's figure came about. */
export interface AttackDetails extends t.TypeOf<typeof attackDetails> {}

/** The codec of {@link AttackDetails}. */
export const AttackDetails: t.Type<AttackDetails> = attackDetails

const accuracies = t.intersection([
  objectCodec({
    clean: shareCodec,
    /** By the attack's name. */
    attacks: recordCodec(shareCodec),
    /** Number of test examples that the fractions were measured on. */
    examples: countCodec,
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
  total: countCodec,
  kept: countCodec,
  prunable: countCodec,
  prunableKept: countCodec,
  /** Floating-point operations of one image's forward pass, two per multiply-accumulate. */
  flops: amountCodec,
  /** The same without those of weights that are 0: what an engine that skips zeros would do. */
  flopsKept: amountCodec,
})

/** Parameters of a network: all of them, those that pruning may touch, and how many of each are not zero. */
export interface ParameterCounts extends t.TypeOf<typeof parameterCounts> {}

/** The codec of {@link ParameterCounts}. */
export const ParameterCounts: t.Type<ParameterCounts> = parameterCounts

const layerWeights = objectCodec({
  name: t.string,
  size: countCodec,
  /** How many of them are exactly 0. */
  zeros: countCodec,
  /** The histogram goes from −bound to bound: the largest magnitude. 0 for a layer of zeros. */
  bound: amountCodec,
  /** Share of the weights that are not 0, in bins of equal width; of an evenly spaced part of them in a large layer. */
  histogram: t.readonlyArray(shareCodec),
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
  cores: countCodec,
  /** In bytes. */
  memory: amountCodec,
})

/** Where a run, or a part of one, was computed. */
export interface Environment extends t.TypeOf<typeof environment> {}

/** The codec of {@link Environment}. */
export const Environment: t.Type<Environment> = environment

const layerSize = objectCodec({
  /** The layer's id. */
  layer: t.string,
  parameters: countCodec,
  /** Parameters that are not 0. */
  nonZero: countCodec,
  /** Floating-point operations of one image's forward pass, two per multiply-accumulate, zeros included. */
  flops: amountCodec,
  /** Of its parameters and statistics in a file, 4 for each. */
  bytes: amountCodec,
  /** The same in a sparse file: a bit for each number, and 4 bytes for those that are not 0. */
  sparseBytes: amountCodec,
})

/** How large a layer is, and what one image costs. */
export interface LayerSize extends t.TypeOf<typeof layerSize> {}

/** The codec of {@link LayerSize}. */
export const LayerSize: t.Type<LayerSize> = layerSize

const networkSizes = t.intersection([
  objectCodec({ before: t.readonlyArray(LayerSize), after: t.readonlyArray(LayerSize) }),
  optionalCodec({
    /** Operations of one image's forward pass through the smaller network, without those of weights that are 0. */
    flopsKept: amountCodec,
  }),
])

/** The layers of a network, in order, before and after it was made smaller. */
export interface NetworkSizes extends t.TypeOf<typeof networkSizes> {}

/** The codec of {@link NetworkSizes}. */
export const NetworkSizes: t.Type<NetworkSizes> = networkSizes

const latencies = objectCodec({
  /** Seconds of a whole forward pass, as the engine runs it. */
  whole: amountCodec,
  /** Of each layer by itself, in order: they don't add up to the whole. */
  layers: t.readonlyArray(objectCodec({ layer: t.string, seconds: amountCodec })),
})

/** How long a network in use takes for a batch of images. */
export interface Latencies extends t.TypeOf<typeof latencies> {}

/** The codec of {@link Latencies}. */
export const Latencies: t.Type<Latencies> = latencies

const networkLatency = objectCodec({
  /** In the batch that was timed. */
  images: countCodec,
  before: Latencies,
  after: Latencies,
})

/** How long a network takes before and after it was made smaller. */
export interface NetworkLatency extends t.TypeOf<typeof networkLatency> {}

/** The codec of {@link NetworkLatency}. */
export const NetworkLatency: t.Type<NetworkLatency> = networkLatency

const deviceFigures = objectCodec({
  /** The file's name in the run folder. */
  file: t.string,
  /** Bytes of constants, which stay in flash: weights, factors, tables, shapes. The code is not counted. */
  constants: countCodec,
  /** Bytes of constants and of machine code, at most, for a Cortex-M4 by `arm-none-eabi-gcc -Os`. */
  flash: countCodec,
  /** Bytes of scratch memory that a caller gives. The image and the logits are not in it. */
  scratch: countCodec,
  /** Bytes of scratch memory, an image and its logits. */
  ram: countCodec,
  /** Multiply-accumulates of an image with all weights. */
  operations: countCodec,
  /** Those of weights that are not 0. */
  kept: countCodec,
})

/** What a network's C code takes on a device. */
export interface DeviceFigures extends t.TypeOf<typeof deviceFigures> {}

/** The codec of {@link DeviceFigures}. */
export const DeviceFigures: t.Type<DeviceFigures> = deviceFigures
