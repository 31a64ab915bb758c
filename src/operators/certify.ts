// A lower bound of robust accuracy: what no attack whatsoever can break.
import type { Observable } from 'rxjs'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { choice, epsilon as epsilonOption, list, whole } from '../dsl/options/kinds.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { checkBounded } from '../models/bounds/affine.js'
import { foldingOf } from '../models/forward/folding.js'
import { beforeAndAfter } from '../training/evaluation/beforeAndAfter.js'
import { certifyNetwork } from '../training/evaluation/certifyNetwork.js'
import { examplesAsked, testExamples } from '../training/evaluation/testExamples.js'
import type { HasStudent, HasTeacher, Network } from '../training/network/network.js'

const STAGE = 'certify'

/** What {@link certify} takes. */
export const certifyOptions = declareOptions(STAGE, {
  /** Radius of the ball around each image, in pixels of [0, 1]. */
  epsilon: epsilonOption(),
  /** How the length of a perturbation is measured. @default 'Linf' */
  norm: choice(['Linf', 'L2']).default('Linf'),
  /** How many test images, the first ones, ≥ 1: each takes as long as some thousand forward passes. @default 100 */
  examples: whole(1).default(100),
  /** Which networks: the teacher, and the student at the end. @default ['before', 'after'] */
  subjects: list(choice(['before', 'after']), { least: 1 }).default(['before', 'after']),
})

/** Options of {@link certify}. */
export interface CertifyOptions extends OptionsOf<typeof certifyOptions> {}

/**
 * Passes every step on and certifies: the teacher (`before`) when the first step arrives, the student (`after`) when training
 * is done. An example is certified if bounds prove that every image within ε is classified as its label: the share of
 * these is a lower bound of robust accuracy, as the figures of attacks are upper bounds. Rounding is estimated, not bounded:
 * a margin counts if it is larger than 1e-5 of what is added up. Writes `certified.jsonl`, and `certified-before.jsonl` for
 * the teacher; an interrupted certification goes on where it was.
 *
 * The bounds are those of CROWN. They are useful for networks that are small, or were trained for them: of a network that was
 * only attacked in training, often nothing is proved although nothing breaks it.
 *
 * @example
 * certify({ epsilon: 2 / 255, examples: 200 })
 * @throws OptionError for wrong numbers, more examples than the test set has, a second certify, and (when the run starts) a
 * network with layers other than ReLU, convolutions, linear layers, sums, average pools and others that are affine
 * Source: Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions", NeurIPS 2018.
 */
export const certify = (options: CertifyOptions): Op<HasStudent, unknown> => {
  const read = certifyOptions.read(options)
  const { epsilon, norm, examples, subjects } = read
  const choiceOf = { examples, shard: undefined, batchSize: 1 }
  const work = { stage: STAGE, epsilon, norm }
  return stage(
    {
      stage: STAGE,
      config: certifyOptions.config(read),
      needs: ['student'],
      adds: [],
      once: 'one certify with the largest radius',
      checkData: (data) => void testExamples(STAGE, data, choiceOf),
    },
    <S extends Step & HasStudent & Partial<HasTeacher & HasTraining>>(source: Observable<S>): Observable<S> => {
      const certified = (
        { run }: S,
        network: Network | undefined,
        subject: 'before' | 'after',
        file: string,
      ): Promise<void> =>
        network === undefined
          ? Promise.resolve()
          : certifyNetwork(run, network, {
              ...work,
              subject,
              examples: run.data.trial?.meter
                ? examplesAsked(STAGE, run.data, choiceOf)
                : testExamples(STAGE, run.data, choiceOf).count,
              file,
            })
      return source.pipe(
        beforeAndAfter<S>({
          before: async (step) => {
            const { teacher, training, student } = step
            checkBounded(STAGE, foldingOf(student.architecture).architecture)
            if (!training) return certified(step, student, 'before', 'certified.jsonl')
            if (subjects.includes('before')) return certified(step, teacher, 'before', 'certified-before.jsonl')
          },
          after: async (step) => {
            if (subjects.includes('after')) return certified(step, step.student, 'after', 'certified.jsonl')
          },
        }),
      )
    },
  )
}
