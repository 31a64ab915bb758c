import { fileURLToPath } from 'node:url'
import { admmMask, attackEval, distill, loadTeacher, pgd, pipeline, syntheticDigits, toWandb } from 'pwoa'

const teacher = fileURLToPath(new URL('../assets/teacher-digits.safetensors', import.meta.url))

/** Prunes a small network and sends its losses and accuracies to Weights & Biases as they arrive. */
export default pipeline('wandb', syntheticDigits({ train: 640, test: 100 }))
  .pipe(
    loadTeacher(teacher, { architecture: 'mnistNet' }),
    distill(),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 }),
    attackEval([pgd({ epsilon: 0.3, steps: 10, stepSize: 0.05 })], { examples: 50 }),
  )
  .observe(toWandb())
