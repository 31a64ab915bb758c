// Cross entropy with the labels, as a loss term.
import { map } from 'rxjs'
import { checkOptions } from '../dsl/checkOptions.js'
import { checkPositive } from '../dsl/checks.js'
import { enrich } from '../dsl/enrich.js'
import { type Op, stage } from '../dsl/op.js'
import { allPhases, type Phase } from '../dsl/phases.js'
import type { HasTerms, LossTerm } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { crossEntropyLoss } from '../math/crossEntropy.js'
import type { HasStudent } from '../training/network.js'

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Factor of the term, > 0. @default 1 */
  readonly weight?: number
  /** Phases in which the term acts. @default all */
  readonly phases?: readonly Phase[]
}

/**
 * Adds weight · mean_i −log softmax(student(x_i))_{y_i}. Pure PwoA does without it.
 *
 * @example
 * pipeline('fine-tuning', mnist()).pipe(loadTeacher('t.pth', { architecture: 'mnistNet' }), crossEntropy())
 * @throws OptionError for a weight ≤ 0
 * Source: Bishop, "Pattern Recognition and Machine Learning", 2006, eq. 4.108; its weight in PwoA's code (Jian et al.,
 * ICDM 2022) is 0.
 */
export const crossEntropy = (options: CrossEntropyOptions = {}): Op<HasStudent, HasTerms> => {
  const { weight = 1, phases = allPhases } = checkOptions('crossEntropy', options, { weight: true, phases: true })
  checkPositive('crossEntropy', 'weight', weight)
  const term: LossTerm = {
    name: 'crossEntropy',
    phases,
    bind:
      ({ labels }) =>
      ({ logits }) =>
        tf.mul(crossEntropyLoss(logits, labels), weight),
  }
  return stage({ stage: 'crossEntropy', config: { weight, phases }, needs: ['student'], adds: ['terms'] }, (source) =>
    source.pipe(map((step) => enrich('crossEntropy', step, { terms: [term] }))),
  )
}
