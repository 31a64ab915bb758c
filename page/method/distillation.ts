import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../../src/engine/tf.js'
import { distillationLoss } from '../../src/math/distillation.js'
import { logSoftmax } from '../../src/math/logSoftmax.js'
import { element } from '../element.js'
import { bars, legend } from './bars.js'
import { logarithmic, slider, tiles } from './controls.js'

const classes = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']

/** Invented logits for a 7 that looks a little like a 1 and a 9. */
const teacher = [-4, 3.5, 1, 2, -1, -3, -8, 11, -2, 5]
/** Logits of a student that is as confident about the 7, and wrong about the other classes. */
const untrained = [2, -3, -2, -1, 3, 1, 0, 11, 2, -4]

const ALPHA = 10

/** The student's logits between its own (0) and the teacher's (1). */
const studentAt = (progress: number): readonly number[] =>
  untrained.map((from, c) => from + progress * ((teacher[c] ?? 0) - from))

const probabilities = (logits: readonly number[], temperature: number): readonly number[] =>
  Array.from(logSoftmax(logits, logits.length, temperature), Math.exp)

/** The loss and ∂L/∂s, by the function that `distill` uses in training. */
const lossOf = (student: readonly number[], temperature: number): { loss: number; gradient: readonly number[] } =>
  tf.tidy(() => {
    const [s, t] = [student, teacher].map((logits) => tf.tensor2d([...logits], [1, logits.length]))
    const { value, grad } = tf.valueAndGrad((logits: Tensor) =>
      distillationLoss(logits as Tensor2D, t as Tensor2D, { temperature, alpha: ALPHA }),
    )(s as Tensor)
    return { loss: value.dataSync()[0] ?? 0, gradient: Array.from(grad.dataSync()) }
  })

const percent = (value: number): string => `${Number((100 * value).toPrecision(2))} %`

/** The picture of distillation: softened outputs of teacher and student, and the pull on each logit. */
export const distillationPicture = (): HTMLElement => {
  const answers = bars('Probabilities of teacher and student by class')
  const pulls = bars('Pull on each of the student’s logits', 130)
  const figures = tiles(['loss', 'teacher’s probability of 7', 'its next largest'])
  const draw = (): void => {
    const t = temperature.value()
    const student = studentAt(progress.value())
    const soft = probabilities(teacher, t)
    answers.draw({
      names: classes,
      series: [
        { name: 'teacher', values: soft },
        { name: 'student', values: probabilities(student, t) },
      ],
      domain: [0, 1],
      format: percent,
    })
    const { loss, gradient } = lossOf(student, t)
    const pull = gradient.map((value) => -value)
    const most = Math.max(1e-6, ...pull.map(Math.abs))
    pulls.draw({
      names: classes,
      series: [{ name: 'pull', values: pull }],
      domain: [-most, most],
      format: (value) => value.toPrecision(2),
    })
    const [largest = 0, second = 0] = soft.toSorted((a, b) => b - a)
    figures.set([loss.toPrecision(3), percent(largest), percent(second)])
  }
  const temperature = slider({
    label: 'Temperature T',
    values: logarithmic(1, 50, 35),
    start: 1,
    format: (value) => value.toFixed(1),
    onchange: draw,
  })
  const progress = slider({
    label: 'How far the student has come',
    values: Array.from({ length: 21 }, (_, i) => i / 20),
    start: 0,
    format: (value) => `${Math.round(100 * value)} %`,
    onchange: draw,
  })
  draw()
  return element(
    'div',
    { class: 'picture' },
    element('div', { class: 'controls' }, temperature.node, progress.node),
    figures.node,
    element('h3', {}, 'Probabilities at this temperature'),
    answers.node,
    legend(['teacher', 'student']),
    element('h3', {}, 'Pull on the student’s logits (−∂L/∂s)'),
    pulls.node,
  )
}
