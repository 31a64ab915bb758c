// VIB: a stochastic code before the last layer, with little information about the image.
import { rejectOption } from '../dsl/errors.js'
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number, whole } from '../dsl/options/kinds.js'
import { phasesOption } from '../dsl/options/languageTypes.js'
import { allPhases } from '../dsl/phases.js'
import type { HasTerms } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { divergenceFromPrior } from '../math/vib.js'
import { given, linear, sample } from '../models/layers/layers.js'
import type { HasStudent } from '../training/network/network.js'
import { bottleneckStage } from '../training/views/bottleneckStage.js'

const STAGE = 'vib'

/** What {@link vib} takes. */
export const vibOptions = declareOptions(STAGE, {
  /** β ≥ 0: price of a nat of information about the image. @default 1e-3 */
  beta: number({ least: 0 }).default(1e-3),
  /** Width of the code z, ≥ 1. @default 256 */
  size: whole(1).default(256),
  /** Phases in which the code is sampled and the term acts; in the others it is its mean. @default all */
  phases: phasesOption().default(allPhases),
})

/** Options of {@link vib}. */
export interface VibOptions extends OptionsOf<typeof vibOptions> {}

/**
 * Gives the student a stochastic head before its last layer, which then reads a code z of the features h instead of
 * h: z = μ + exp(½·s)∘ε with μ = W_μ·h + b_μ, s = W_s·h + b_s and ε ~ N(0, I). All losses see the logits of z. Adds the
 * term `vib`, β times the divergence of the code from a standard normal prior:
 *
 *     β·mean_i KL(N(μ_i, diag exp(s_i)) ‖ N(0, I)) = β·mean_i ½·Σ_k (μ_ik² + exp(s_ik) − 1 − s_ik)
 *
 * With `crossEntropy` it is the variational information bottleneck; alone it teaches nothing. Each example and step has
 * its own ε, drawn from (seed, epoch, position in the epoch). The head's layers are `vib.mean` and `vib.logVariance`, with random
 * weights, as are the last layer's; in use (attacks, evaluations, ONNX) z is μ, and the network is an ordinary one.
 * `exportModel` writes it without the head, or with `{ head: 'kept' }`.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'), crossEntropy(), vib({ beta: 1e-3 }), train({ epochs: 10 }), exportModel('vib.safetensors'))
 * @throws OptionError for β < 0, a size that is not a whole number ≥ 1 or (when the run starts) a network that does not
 * end in a linear layer or has another head
 * Source: Alemi, Fischer, Dillon, Murphy, "Deep Variational Information Bottleneck", ICLR 2017; β and size of its MNIST.
 */
export const vib = (options: VibOptions = {}): Op<HasStudent, HasTerms> => {
  const read = vibOptions.read(options)
  const { beta, size, phases } = read
  return bottleneckStage({
    config: vibOptions.config(read),
    phases,
    head: {
      name: STAGE,
      size,
      layers: (features) => [
        linear(MEAN, { inputs: [features], out: size }),
        linear(LOG_VARIANCE, { inputs: [features], out: size }),
        given('noise', { id: NOISE, out: size }),
        sample([MEAN, LOG_VARIANCE, NOISE], { id: STAGE }),
      ],
    },
    loss: ({ mean, logVariance }) =>
      mean && logVariance
        ? tf.mul(divergenceFromPrior(mean, logVariance), beta)
        : rejectOption(STAGE, 'its head on the student', 'none'),
  })
}

const MEAN = 'vib.mean'
const LOG_VARIANCE = 'vib.logVariance'
const NOISE = 'vib.noise'
