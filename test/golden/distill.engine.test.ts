import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { distillationLoss } from '../../src/math/distillation.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { imagesOf } from '../../src/training/network/images.js'
import { describeGolden, readGolden, readPublicNetwork, readTestSplit } from '../support/golden.js'
import { relativeError } from '../support/numbers.js'

interface Distill {
  readonly float64: {
    readonly alpha_T2_kl: number
    readonly grad_wrt_student_logits: readonly (readonly number[])[]
    readonly student_logits: readonly (readonly number[])[]
    readonly teacher_logits: readonly (readonly number[])[]
  }
}

/** Relative. Differences of 0.1 between log-softmax values of 3 lose a digit and a half of float32's seven. */
const LOSS = 1e-5
const GRADIENT = 1e-5

describeGolden('distillation, mnist_fastat_fgsm from mnist_fastat_pgd', () => {
  const golden = readGolden<Distill>('distill').float64
  const options = { temperature: 30, alpha: 10 }
  const gradientOf = (student: Tensor2D, teacher: Tensor2D) => {
    const { value, grad } = tf.valueAndGrad((s: Tensor) => distillationLoss(s as Tensor2D, teacher, options))(student)
    return { loss: Number(value.dataSync()[0]), gradient: grad.dataSync() }
  }

  it('loss and gradient of the golden logits', () => {
    const found = tf.tidy(() =>
      gradientOf(
        tf.tensor2d(golden.student_logits.map((row) => [...row])),
        tf.tensor2d(golden.teacher_logits.map((row) => [...row])),
      ),
    )
    expect(Math.abs(found.loss / golden.alpha_T2_kl - 1)).toBeLessThan(LOSS)
    expect(relativeError(found.gradient, golden.grad_wrt_student_logits.flat())).toBeLessThan(GRADIENT)
  })

  it('loss and gradient of the networks themselves', async () => {
    const student = await readPublicNetwork('mnist_fastat_fgsm')
    const teacher = await readPublicNetwork('mnist_fastat_pgd')
    const found = tf.tidy(() => {
      const indices = Uint32Array.from({ length: 16 }, (_, i) => i)
      const images = imagesOf(readTestSplit(16), student.architecture.input, indices)
      const [s, t] = [student, teacher].map(
        ({ architecture, weights }) =>
          forward(architecture, unflatten(architecture, tf.tensor1d(weights)), images).logits,
      ) as [Tensor2D, Tensor2D]
      return gradientOf(s, t)
    })
    expect(Math.abs(found.loss / golden.alpha_T2_kl - 1)).toBeLessThan(LOSS)
    expect(relativeError(found.gradient, golden.grad_wrt_student_logits.flat())).toBeLessThan(GRADIENT)
  })
})
