// A figure of one's own in each training step.
import type { Tensor } from '@tensorflow/tfjs-core'
import { defer, map } from 'rxjs'
import { rejectOption } from '../dsl/errors.js'
import { drawn } from '../dsl/kit/drawn.js'
import { type Op, stage } from '../dsl/op.js'
import { readArgument } from '../dsl/options/declare.js'
import { callback, text } from '../dsl/options/kinds.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { tf } from '../engine/tf.js'
import type { HasStudent } from '../training/network/network.js'

const STAGE = 'metric'

/** What the function of {@link metric} may read. */
type Measurable = Step & HasTraining & HasStudent

/**
 * Measures something after each training step: a number, or a tensor of one. It becomes a column in `metrics.jsonl`, a
 * chart on the page and in the report, and a tag in TensorBoard and other loggers. If the function returns undefined, the
 * step has no figure. Stands after the stage that trains. Tensors that the function makes are freed.
 *
 * The second argument is what it returned last: a running mean needs no variable, and a run that is resumed goes on with
 * it.
 *
 * @example
 * const ema = metric('ema', ({ training }, before = training.loss) => 0.98 * before + 0.02 * training.loss)
 * const largest = metric('largest weight', ({ student, training }) =>
 *   training.step % 10 === 0 ? tf.max(tf.abs(student.weights)) : undefined)
 * @throws OptionError for an empty name; in the run, for two metrics of one name, or a figure that is not a finite number
 * Source: ours.
 */
export const metric = (
  name: string,
  measure: (step: Measurable, before: number | undefined) => number | Tensor | undefined,
): Op<HasTraining & HasStudent, unknown> => {
  readArgument(STAGE, 'name', text('the name of the figure'), name)
  readArgument(STAGE, 'measure', callback('a function of a step that returns a number'), measure)
  const state = `${STAGE} ${name}`
  return stage({ stage: STAGE, config: { name }, needs: ['training', 'student'], adds: [] }, (source) =>
    defer(() => {
      let before: number | undefined
      return source.pipe(
        map((step, index) => {
          const { run, training } = step
          if (index === 0) {
            const saved = run.restore(state)?.values.before
            if (typeof saved === 'number') before = saved
            run.provide(state, () => ({ arrays: {}, values: before === undefined ? {} : { before } }))
          }
          if (Object.hasOwn(training.metrics ?? {}, name)) rejectOption(STAGE, 'each name once', `"${name}" twice`)
          const value = measured(name, () => measure(step, before))
          if (value === undefined) return step
          before = value
          return { ...step, training: { ...training, metrics: { ...training.metrics, [name]: value } } }
        }),
      )
    }),
  )
}

const measured = (name: string, measure: () => number | Tensor | undefined): number | undefined => {
  let value: number | undefined
  tf.tidy(() => {
    const found = measure()
    value = typeof found === 'object' ? found.dataSync()[0] : found
  })
  if (value === undefined || Number.isFinite(value)) return value
  return rejectOption(`${STAGE} ${name}`, 'a finite number', drawn(value))
}
