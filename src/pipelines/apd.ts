// APD: adversarial pruning by distillation, with a proximal gradient method.
import { checkOptions } from '../dsl/checkOptions.js'
import { composite } from '../dsl/composite.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { adversarial } from '../operators/adversarial.js'
import { crossEntropy } from '../operators/crossEntropy.js'
import { type DistillOptions, distill } from '../operators/distill.js'
import { type ProximalMaskOptions, proximalMask } from '../operators/proximalMask.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import { maskOptions } from '../training/pruning/maskStage.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

export interface ApdOptions extends ProximalMaskOptions {
  /** How the teacher's answers to the attacked images are distilled. @default as `distill` */
  readonly distill?: DistillOptions
}

/**
 * `adversarial` → `crossEntropy` → `distill` → `proximalMask`: on attacked images x' the student s learns the labels
 * and the answers of the teacher t, by proximal gradient steps towards sparse weights:
 *
 *     L = mean_i −log softmax(s(x'_i))_{y_i} + α·T²·KL(softmax(t(x'_i)/T) ‖ softmax(s(x'_i)/T)),   W ← prox(W − lr·∂L)
 *
 * Which weight the two losses have is not published with code; here it is 1 and distillation's α.
 *
 * @example
 * pipeline('apd', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   apd(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075 }), { pattern: 'irregular', rate: 4 }))
 * @throws OptionError what its stages throw
 * Source: the baseline APD of Jian et al., ICDM 2022.
 */
export const apd = (
  attack: AttackSchedule,
  options: ApdOptions,
): Op<HasTeacher & HasStudent, HasTerms & HasTraining> => {
  const { distill: distillation, ...mask } = checkOptions('apd', options, {
    ...maskOptions,
    updateEvery: true,
    distill: true,
  })
  const stages = [adversarial(attack), crossEntropy(), distill(distillation), proximalMask(mask)] as const
  const [attacked, loss, distilled, pruned] = stages
  return composite('apd', stages, (source) => pruned(distilled(loss(attacked(source)))))
}
