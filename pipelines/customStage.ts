import { fileURLToPath } from 'node:url'
import { admmMask, distill, loadTeacher, lossTerm, pipeline, syntheticDigits, tf } from 'pwoa'
import { filter, map, scan } from 'rxjs'

/** A custom loss stage that keeps the student's logits small: weight · mean ‖logits‖². */
const logitNorm = (weight: number) => lossTerm('logitNorm', ({ logits }) => tf.mul(tf.mean(tf.square(logits)), weight))

const teacher = fileURLToPath(new URL('../assets/teacher-digits.safetensors', import.meta.url))

/** A pipeline with a stage of its own, a term of the loss, which prints its smoothed loss as it runs. */
export default pipeline('custom-stage', syntheticDigits({ train: 3000 }))
  .pipe(
    loadTeacher(teacher, { architecture: 'mnistNet' }),
    distill(),
    logitNorm(1e-4),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 2, retrainEpochs: 2 }),
  )
  .observe(({ metrics$ }) =>
    metrics$
      .pipe(
        scan((smooth, { loss, step }) => ({ loss: 0.9 * smooth.loss + 0.1 * loss, step }), { loss: 0, step: 0 }),
        filter(({ step }) => step % 10 === 0),
        map(({ loss, step }) => `step ${step}: smoothed loss ${loss.toFixed(3)}`),
      )
      .subscribe((line) => console.error(line)),
  )
