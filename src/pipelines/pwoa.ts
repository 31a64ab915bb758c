// PwoA: distillation, HSIC and ADMM, without adversarial examples, or with a share of them.
import { checkOptions } from '../dsl/checkOptions.js'
import { composite } from '../dsl/composite.js'
import type { Op } from '../dsl/op.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { type AdmmMaskOptions, admmMask } from '../operators/admmMask.js'
import { adversarial } from '../operators/adversarial.js'
import { type DistillOptions, distill } from '../operators/distill.js'
import { type HsicRegularizeOptions, hsicRegularize } from '../operators/hsicRegularize.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import { maskNames } from '../training/pruning/maskStage.js'
import type { AttackSchedule } from '../training/views/attackStep.js'

/** Options of {@link pwoa}. */
export interface PwoaOptions extends AdmmMaskOptions {
  /** Weights of the bottleneck, and its phases. */
  readonly hsic: HsicRegularizeOptions
  /** @default as `distill` */
  readonly distill?: DistillOptions
  /** Attacks some of the minibatches; see `adversarial`. @default none */
  readonly mixed?: {
    readonly attack: AttackSchedule
    /** Probability that a minibatch is attacked, in [0, 1]; with 0 it is pure PwoA, bit for bit. */
    readonly mixRatio: number
  }
}

/**
 * `distill` → `hsicRegularize` → `admmMask`, behind `adversarial` where minibatches are mixed: the student s follows
 * its teacher t on natural images (eq. 5), its hidden activations Z_l keep of the image X what the label Y needs
 * (eq. 7), and few of its weights stay, by ADMM and then under a fixed mask (eqs. 8–12).
 *
 *     min over sparse W of  L = α·T²·KL(softmax(t/T) ‖ softmax(s/T)) + Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l)
 *
 * Published: T = 30, α = 10 (CIFAR-100: 100), λx and λy as at `hsicRegularize`; the code has both at 0 before the
 * retraining. The paper mixes 0.2, 0.4, 0.6, 0.8 and 1 of PGD.
 *
 * @example
 * pipeline('pwoa', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }),
 *   pwoa({ pattern: 'irregular', rate: 4, hsic: { lambdaX: 2e-4, lambdaY: 5e-5 } }))
 * @throws OptionError what its stages throw
 * Source: Jian et al., "Pruning Adversarially Robust Neural Networks without Adversarial Examples", ICDM 2022.
 */
export const pwoa = (options: PwoaOptions): Op<HasTeacher & HasStudent, HasTerms & HasTraining> => {
  const {
    hsic,
    distill: distillation,
    mixed,
    ...mask
  } = checkOptions('pwoa', options, {
    ...maskNames,
    updateEvery: true,
    rho: true,
    admm: true,
    hsic: true,
    distill: true,
    mixed: true,
  })
  if (mixed) checkOptions('pwoa', mixed, { attack: true, mixRatio: true }, 'options of mixed')
  const stages = [distill(distillation), hsicRegularize(hsic), admmMask(mask)] as const
  const [distilled, regularised, pruned] = stages
  if (!mixed) return composite('pwoa', stages, (source) => pruned(regularised(distilled(source))))
  const attacked = adversarial(mixed.attack, { mixRatio: mixed.mixRatio })
  return composite('pwoa', [attacked, ...stages], (source) => pruned(regularised(distilled(attacked(source)))))
}
