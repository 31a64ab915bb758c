// LBGAT: a natural classifier, trained beside the robust one, guides its decision boundaries.
import { defer, map } from 'rxjs'
import { rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number } from '../dsl/options/kinds.js'
import { allPhases } from '../dsl/phases.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasTerms, LossTerm, Step } from '../dsl/step.js'
import { lbgatLoss } from '../math/lbgat.js'
import { parallelOf } from '../models/parameters/statistics.js'
import { architectureOption, resolveArchitecture } from '../models/zoo/zoo.js'
import { checkFit, makeStudent } from '../training/network/makeStudent.js'
import type { HasGuide, HasStudent, Student } from '../training/network/network.js'
import { randomWeights } from '../training/network/randomWeights.js'
import { checkViews } from '../training/views/attackedPair.js'
import { type AttackSchedule, attackConfig, readAttack, withAttackedView } from '../training/views/attackStep.js'

const STAGE = 'lbgat'

/** What {@link lbgat} takes. */
export const lbgatOptions = declareOptions(STAGE, {
  /** β ≥ 0: weight of TRADES' divergence. The paper trains with 0 (LBGAT0) and 6 (LBGAT6). @default 6 */
  beta: number({ least: 0 }).default(6),
  /**
   * The natural classifier: a name of the zoo, with the data's number of classes, or a network of `architecture(…)`.
   * @default the student's
   */
  natural: architectureOption().optional("the student's"),
})

/** Options of {@link lbgat}. */
export interface LbgatOptions extends OptionsOf<typeof lbgatOptions> {}

/**
 * Attacks the student f on each minibatch, adds a natural classifier g of random weights as `guide`, and the term
 * `lbgat`, whose gradient trains both by one optimizer:
 *
 *     mean_{i,c} (f(x'_i) − g(x_i))_c²  +  mean_i −log softmax(g(x_i))_{y_i}  +  β·mean_i KL(f(x_i) ‖ f(x'_i))
 *
 * Later losses see the natural images and then the attacked ones; batch normalisation treats the two separately. A mask
 * or ADMM's penalty applies to the student alone. The official attack is PGD on the KL term: CIFAR-100
 * ε 0.031, 10 steps of 0.007.
 *
 * @example
 * pipeline('teacher', mnist()).pipe(
 *   initialise('mnistNet'),
 *   lbgat(pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01, loss: 'kl', start: 'nearby' }), { beta: 0 }),
 *   train({ epochs: 10, optimizer: sgd(), learningRate: 0.01 }))
 * @throws OptionError for β < 0, an unknown network or (when the run starts) one that is not for the run's images, and
 * what the attack of the first epoch throws
 * Source: Cui et al., "Learnable Boundary Guided Adversarial Training", ICCV 2021; β of the official training script.
 */
export const lbgat = (attack: AttackSchedule, options: LbgatOptions = {}): Op<HasStudent, HasTerms & HasGuide> => {
  const schedule = readAttack(STAGE, attack)
  const { beta, natural } = lbgatOptions.read(options)
  const planned = natural === undefined ? undefined : resolveArchitecture(STAGE, natural)
  const term: LossTerm = {
    name: STAGE,
    phases: allPhases,
    bind: (batch) => {
      checkViews(STAGE, batch)
      return ({ logits, guide }) =>
        guide
          ? lbgatLoss(logits, guide.logits, batch.labels, beta)
          : rejectOption(STAGE, 'its guide on the step', 'none')
    },
  }
  const makeGuide = ({ run, student }: Step & HasStudent): Student => {
    const architecture =
      natural === undefined ? student.architecture : resolveArchitecture(STAGE, natural, run.data.classes)
    checkFit(STAGE, architecture, run.data)
    return makeStudent(run, architecture, randomWeights(architecture, run.seed, STAGE), undefined, { state: STAGE })
  }
  return stage(
    {
      stage: STAGE,
      config: { ...attackConfig(schedule), beta, natural: planned?.name ?? 'as the student' },
      needs: ['student'],
      adds: ['terms', 'guide'],
      ...(planned ? { parallel: parallelOf(planned) } : {}),
    },
    (source) =>
      defer(() => {
        let guide: Student | undefined
        return source.pipe(
          map((step) => {
            guide ??= makeGuide(step)
            return enrich(STAGE, withAttackedView(STAGE, step, schedule), { terms: [term], guide })
          }),
        )
      }),
  )
}
