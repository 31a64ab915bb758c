// Self-distillation: the student's softened logits follow the teacher's. Paper: Sec. III-B, eq. 5.
import { defer, map } from 'rxjs'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { positive } from '../dsl/options/kinds.js'
import { phasesOption } from '../dsl/options/languageTypes.js'
import { allPhases } from '../dsl/phases.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasTerms, LossTerm, Step } from '../dsl/step.js'
import { distillationInGraph, distillationLoss } from '../math/distillation.js'
import type { HasStudent, HasTeacher } from '../training/network/network.js'
import { termInGraph } from '../training/step/inGraph.js'
import { TeacherLogits } from '../training/views/teacherLogits.js'

const STAGE = 'distill'

/** What {@link distill} takes. */
export const distillOptions = declareOptions(STAGE, {
  /** Temperature T > 0. @default 30 */
  temperature: positive().default(30),
  /** Weight α > 0. CIFAR-100 takes 100. @default 10 */
  alpha: positive().default(10),
  /** Phases in which the term acts. @default all */
  phases: phasesOption().default(allPhases),
})

/** Options of {@link distill}. */
export interface DistillOptions extends OptionsOf<typeof distillOptions> {}

/**
 * Adds the term `distillation`, α·T²·KL(softmax(teacher/T) ‖ softmax(student/T)), averaged over examples and classes
 * as the reference does. The teacher sees the same images as the student, perturbed ones included. Its logits of
 * unchanged images are computed once.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(loadTeacher('t.pth', { architecture: 'mnistNet' }), distill({ temperature: 30 }))
 * @throws OptionError for T ≤ 0 or α ≤ 0
 * Source: Jian et al., ICDM 2022; Hinton, Vinyals, Dean 2015.
 */
export const distill = (options: DistillOptions = {}): Op<HasTeacher & HasStudent, HasTerms> => {
  const read = distillOptions.read(options)
  const { temperature, alpha, phases } = read
  const build = distillationInGraph({ temperature, alpha })
  const key = `distillation ${temperature} ${alpha}`
  const term = (teacher: () => TeacherLogits): LossTerm =>
    termInGraph(
      {
        name: 'distillation',
        phases,
        bind: ({ images, indices }) => {
          const target = teacher().of(images, indices)
          return ({ logits }) => distillationLoss(logits, target, { temperature, alpha })
        },
      },
      ({ images, indices }) => ({ key, build, feeds: { teacher: teacher().of(images, indices) } }),
    )
  return stage(
    {
      stage: STAGE,
      config: distillOptions.config(read),
      needs: ['teacher', 'student'],
      adds: ['terms'],
    },
    (source) =>
      defer(() => {
        let logits: TeacherLogits | undefined
        const logitsFor = ({ run, teacher }: Step & HasTeacher): TeacherLogits => {
          const begun = logits ?? new TeacherLogits(teacher, run.data, run.restore(STAGE))
          if (begun !== logits) run.provide(STAGE, () => begun.snapshot())
          logits = begun
          return begun
        }
        return source.pipe(map((step) => enrich(STAGE, step, { terms: [term(() => logitsFor(step))] })))
      }),
  )
}
