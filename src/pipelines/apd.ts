// APD: adversarial pruning by distillation, with a proximal gradient method.
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { composite } from '../dsl/stages/composite.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { adversarial } from '../operators/adversarial.js'
import { crossEntropy } from '../operators/crossEntropy.js'
import { distill, distillOptions } from '../operators/distill.js'
import { proximalMask, proximalMaskOptions } from '../operators/proximalMask.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

const METHOD = 'apd'

/** What {@link apd} takes: all of `proximalMask`, and how it distils. */
export const apdOptions = declareOptions(METHOD, {
  ...proximalMaskOptions.fields,
  /** How the teacher's logits of the attacked images are distilled. @default as `distill` */
  distill: distillOptions.asOption().optional('as `distill`'),
})

/** Options of {@link apd}: all of `proximalMask`, and how it distils. */
export interface ApdOptions extends OptionsOf<typeof apdOptions> {}

/**
 * `adversarial` → `crossEntropy` → `distill` → `proximalMask`: on attacked images x' the student s learns the labels
 * and the logits of the teacher t, by proximal gradient steps towards sparse weights:
 *
 *     L = mean_i −log softmax(s(x'_i))_{y_i} + α·T²·KL(softmax(t(x'_i)/T) ‖ softmax(s(x'_i)/T)),   W ← prox(W − lr·∂L)
 *
 * The weights of the two losses are not published as code; here they are 1 and distillation's α.
 *
 * @example
 * pipeline('apd', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   apd(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075 }), { pattern: 'irregular', rate: 4 }))
 * @throws OptionError for an attack or options that its stages do not accept
 * Source: the baseline APD of Jian et al., ICDM 2022.
 */
export const apd = (
  attack: AttackSchedule,
  options: ApdOptions,
): Op<HasTeacher & HasStudent, HasTerms & HasTraining> => {
  const { distill: distillation, ...mask } = apdOptions.read(options)
  const stages = [adversarial(attack), crossEntropy(), distill(distillation), proximalMask(mask)] as const
  const [attacked, loss, distilled, pruned] = stages
  return composite(METHOD, stages, (source) => pruned(distilled(loss(attacked(source)))))
}
