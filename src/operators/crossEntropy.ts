// Cross entropy with the labels, as a loss term.
import { map } from 'rxjs'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { positive } from '../dsl/options/kinds.js'
import { phasesOption } from '../dsl/options/languageTypes.js'
import { allPhases } from '../dsl/phases.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasTerms, LossTerm } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import { crossEntropyInGraph, crossEntropyLoss } from '../math/crossEntropy.js'
import type { HasStudent } from '../training/network/network.js'
import { termInGraph } from '../training/step/inGraph.js'

const STAGE = 'crossEntropy'

/** What {@link crossEntropy} takes. */
export const crossEntropyOptions = declareOptions(STAGE, {
  /** Factor of the term, > 0. @default 1 */
  weight: positive().default(1),
  /** Phases in which the term acts. @default all */
  phases: phasesOption().default(allPhases),
})

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends OptionsOf<typeof crossEntropyOptions> {}

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
  const read = crossEntropyOptions.read(options)
  const { weight, phases } = read
  const given: LossTerm = {
    name: STAGE,
    phases,
    bind:
      ({ labels }) =>
      ({ logits }) =>
        tf.mul(crossEntropyLoss(logits, labels), weight),
  }
  const inGraph = { key: `cross entropy ${weight}`, build: crossEntropyInGraph(weight), feeds: {} }
  const term = termInGraph(given, () => inGraph)
  return stage(
    { stage: STAGE, config: crossEntropyOptions.config(read), needs: ['student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => enrich(STAGE, step, { terms: [term] }))),
  )
}
