// CEB: a stochastic code before the last layer, with little information about the image beyond its label.
import { rejectOption } from '../dsl/errors.js'
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number, whole } from '../dsl/options/kinds.js'
import { phasesOption } from '../dsl/options/languageTypes.js'
import { allPhases } from '../dsl/phases.js'
import type { HasTerms } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { residualInformation } from '../math/ceb.js'
import { given, linear, sample } from '../models/layers/layers.js'
import type { HasStudent } from '../training/network/network.js'
import { bottleneckStage } from '../training/views/bottleneckStage.js'

const STAGE = 'ceb'

/** What {@link ceb} takes. */
export const cebOptions = declareOptions(STAGE, {
  /**
   * β ≥ 0: price of a nat of residual information, e^−ρ in the papers, whose ρ runs from 0 (β = 1) up to where little
   * of it remains. @default 0.05, about ρ = 3
   */
  beta: number({ least: 0 }).default(0.05),
  /** Width of the code z, ≥ 1. @default 256 */
  size: whole(1).default(256),
  /** Phases in which the code is sampled and the term acts; in the others it is its mean. @default all */
  phases: phasesOption().default(allPhases),
})

/** Options of {@link ceb}. */
export interface CebOptions extends OptionsOf<typeof cebOptions> {}

/**
 * Gives the student a stochastic head before its last layer, which then reads a code z of the features h instead of
 * h: z = μ + ε with μ = W·h + b and ε ~ N(0, I), so that e(z|x) = N(μ, I). All losses see the logits of z. A second
 * encoder b(z|y) = N(c_y, I), c_y linear in the one-hot label, is trained too. Adds the term `ceb`, β times the
 * residual information of the sample:
 *
 *     β·mean_i log e(z_i|x_i) − log b(z_i|y_i) = β·mean_i ½·(‖z_i − c_{y_i}‖² − ‖z_i − μ_i‖²)
 *
 * With `crossEntropy` it is the conditional entropy bottleneck; alone it teaches nothing. Each example and step has its
 * own ε, drawn from (seed, epoch, position in the epoch). The head's layers are `ceb.mean` and `ceb.classMean`, with random
 * weights, as are the last layer's; in use (attacks, evaluations, ONNX) z is μ, and the network is an ordinary one.
 * `exportModel` writes it without the head, or with `{ head: 'kept' }`.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'), crossEntropy(), ceb({ beta: 0.05 }), train({ epochs: 10 }), exportModel('ceb.safetensors'))
 * @throws OptionError for β < 0, a size that is not a whole number ≥ 1 or (when the run starts) a network that does not
 * end in a linear layer or has another head
 * Source: Fischer, "The Conditional Entropy Bottleneck", Entropy 22, 2020; variances of 1 and the linear b(z|y) as in
 * Fischer, Alemi, "CEB Improves Model Robustness", Entropy 22, 2020.
 */
export const ceb = (options: CebOptions = {}): Op<HasStudent, HasTerms> => {
  const read = cebOptions.read(options)
  const { beta, size, phases } = read
  return bottleneckStage({
    config: cebOptions.config(read),
    phases,
    head: {
      name: STAGE,
      size,
      layers: (features, classes) => [
        linear(MEAN, { inputs: [features], out: size }),
        given('labels', { id: LABELS, out: classes }),
        linear(CLASS_MEAN, { inputs: [LABELS], out: size }),
        given('noise', { id: NOISE, out: size }),
        sample([MEAN, NOISE], { id: STAGE }),
      ],
    },
    loss: ({ sample: z, mean, classMean }) =>
      z && mean && classMean
        ? tf.mul(residualInformation(z, mean, classMean), beta)
        : rejectOption(STAGE, 'its head on the student', 'none'),
  })
}

const MEAN = 'ceb.mean'
const CLASS_MEAN = 'ceb.classMean'
const LABELS = 'ceb.labels'
const NOISE = 'ceb.noise'
