// AdvPrune: ADMM pruning whose every minibatch is attacked.
import type { Op } from '../dsl/op.js'
import { composite } from '../dsl/stages/composite.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { type AdmmMaskOptions, admmMask } from '../operators/admmMask.js'
import { adversarial } from '../operators/adversarial.js'
import { crossEntropy } from '../operators/crossEntropy.js'
import type { HasStudent } from '../training/network/network.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

/**
 * `adversarial` → `crossEntropy` → `admmMask`: min over sparse W of mean_i max_{‖δ‖ ≤ ε} −log softmax(f(x_i + δ))_{y_i}
 * by ADMM, then masked adversarial retraining.
 *
 * @example
 * pipeline('advPrune', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   advPrune(pgd({ epsilon: 0.3, steps: 10, stepSize: 0.075 }), { pattern: 'irregular', rate: 4 }))
 * @throws OptionError for an attack or options that its stages do not accept
 * Source: Ye et al., "Adversarial Robustness vs. Model Compression, or Both?", ICCV 2019; Gui et al., "Model Compression
 * with Adversarial Robustness", NeurIPS 2019.
 */
export const advPrune = (attack: AttackSchedule, mask: AdmmMaskOptions): Op<HasStudent, HasTerms & HasTraining> => {
  const [attacked, loss, pruned] = [adversarial(attack), crossEntropy(), admmMask(mask)] as const
  return composite('advPrune', [attacked, loss, pruned], (source) => pruned(loss(attacked(source))))
}
