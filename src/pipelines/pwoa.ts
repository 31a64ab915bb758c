// PwoA: distillation, HSIC and ADMM, without adversarial examples or with a share of them.
import type { Op } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number } from '../dsl/options/kinds.js'
import { composite } from '../dsl/stages/composite.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { admmMask, admmMaskOptions } from '../operators/admmMask.js'
import { adversarial } from '../operators/adversarial.js'
import { distill, distillOptions } from '../operators/distill.js'
import { hsicRegularize, hsicRegularizeOptions } from '../operators/hsicRegularize.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import { attackScheduleOption } from '../training/views/attackStep.js'

const METHOD = 'pwoa'

/** Minibatches that are attacked. */
export const mixedOptions = declareOptions('mixed', {
  /** The attack, or a function from an epoch to its attack. */
  attack: attackScheduleOption(),
  /** Probability that a minibatch is attacked, in [0, 1]; with 0 it is pure PwoA, bit for bit. */
  mixRatio: number({ least: 0, most: 1 }),
})

/** What {@link pwoa} takes: all of `admmMask`, and its two losses. */
export const pwoaOptions = declareOptions(METHOD, {
  ...admmMaskOptions.fields,
  /** Weights of the bottleneck, and its phases. */
  hsic: hsicRegularizeOptions.asOption(),
  /** How the teacher is distilled. @default as `distill` */
  distill: distillOptions.asOption().optional('as `distill`'),
  /** Attacks some of the minibatches; see `adversarial`. @default none */
  mixed: mixedOptions.asOption().optional('none'),
})

/** Options of {@link pwoa}: all of `admmMask`, and its two losses. */
export interface PwoaOptions extends OptionsOf<typeof pwoaOptions> {}

/**
 * `distill` → `hsicRegularize` → `admmMask`, after `adversarial` if minibatches are mixed: the student s follows
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
 * @throws OptionError for options that its stages do not accept
 * Source: Jian et al., "Pruning Adversarially Robust Neural Networks without Adversarial Examples", ICDM 2022.
 */
export const pwoa = (options: PwoaOptions): Op<HasTeacher & HasStudent, HasTerms & HasTraining> => {
  const { hsic, distill: distillation, mixed, ...mask } = pwoaOptions.read(options)
  const stages = [distill(distillation), hsicRegularize(hsic), admmMask(mask)] as const
  const [distilled, regularised, pruned] = stages
  if (!mixed) return composite(METHOD, stages, (source) => pruned(regularised(distilled(source))))
  const attacked = adversarial(mixed.attack, { mixRatio: mixed.mixRatio })
  return composite(METHOD, [attacked, ...stages], (source) => pruned(regularised(distilled(attacked(source)))))
}
