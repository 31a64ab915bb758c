// Ends each phase of training early: a trial of the whole pipeline.
import { map } from 'rxjs'
import { rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { whole } from '../dsl/options/kinds.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasLimit } from '../dsl/step.js'

const STAGE = 'limit'

/** What {@link limit} takes. */
export const limitOptions = declareOptions(STAGE, {
  /** Steps of each phase of training, ≥ 1. A phase that is shorter stays as it is. */
  steps: whole(1, { unit: 'steps' }),
})

/** Options of {@link limit}. */
export interface LimitOptions extends OptionsOf<typeof limitOptions> {}

/**
 * Ends each phase of the stage that trains after it early, so that the whole pipeline can be tried in little time: the
 * network is pruned, retrained for a few steps, evaluated and exported. Learning rates fall within the shorter phases. A
 * warning says that the figures are those of a trial.
 *
 * @example
 * pipeline('trial', mnist()).pipe(
 *   loadTeacher('robust.onnx'), distill(), limit({ steps: 6 }), admmMask({ pattern: 'irregular', rate: 4 }))
 * @throws OptionError for fewer than 1 step; when the run starts, after a stage that trains
 * Source: ours.
 */
export const limit = (options: LimitOptions): Op<unknown, HasLimit> => {
  const { steps } = limitOptions.read(options)
  const adds = { limit: { steps } }
  return stage({ stage: STAGE, config: { steps }, needs: [], adds: ['limit'] }, (source) =>
    source.pipe(
      map((step, index) => {
        if ('training' in step) rejectOption(STAGE, 'to stand before the stage that trains', 'a place after it')
        if (index === 0)
          step.run.emit({
            type: 'warning',
            stage: STAGE,
            message: `each phase of training ends after ${steps} step${steps === 1 ? '' : 's'}: the figures are those of a trial`,
          })
        return enrich(STAGE, step, adds)
      }),
    ),
  )
}
