import { fileURLToPath } from 'node:url'
import {
  admmMask,
  attackEval,
  autoAttack,
  blockNoise,
  compare,
  cosine,
  crossEntropy,
  definePipeline,
  distill,
  exportModel,
  hsicRegularize,
  loadTeacher,
  mnistNet,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  syntheticDigits,
  weightLayers,
} from 'pwoa'

/** Made by `pipelines/teacherDigits.ts`, with ε = 0.3. */
const checkpoint = fileURLToPath(new URL('../assets/teacher-digits.safetensors', import.meta.url))
const epsilon = 0.3

/** The paper's Figure 1(b) in small: one robust network, pruned in three ways, on digits that are drawn on the spot. */
export default definePipeline(
  parameters({
    rate: param.number({ default: 4, min: 1, max: 1000, unit: '×', help: 'Compression of all layers but the last.' }),
    epochs: param.integer({ default: 10, min: 1, unit: 'epochs', help: 'ADMM phase.' }),
    retrainEpochs: param.integer({ default: 20, min: 1, unit: 'epochs', help: 'Masked retraining.' }),
    images: param.integer({ default: 3000, min: 128, unit: 'images', help: 'Training images that are drawn.' }),
    examples: param.integer({ default: 40, min: 1, max: 1000, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ rate, epochs, retrainEpochs, images, examples }) => {
    const [first = '', second = '', , last = ''] = weightLayers(mnistNet)
    const uniform = { pattern: 'irregular', rate, exclude: [last] } as const
    const graded = { ...uniform, rate: { overall: rate, fixed: { [first]: 1, [second]: Math.min(4, rate) } } } as const

    const robust = pipeline('quickstart', syntheticDigits({ train: images, test: 1000 })).pipe(
      loadTeacher(checkpoint, { architecture: mnistNet }),
    )
    const attacks = [pgd({ epsilon, steps: 40, stepSize: 0.01 }), autoAttack({ epsilon })]

    return compare('quickstart', {
      'magnitude + fine-tuning': robust.pipe(
        crossEntropy(),
        admmMask({ ...uniform, epochs: 0, retrainEpochs: epochs + retrainEpochs }),
        attackEval(attacks, { examples }),
        exportModel('magnitude.safetensors'),
      ),
      'PwoA as published': robust.pipe(
        distill(),
        hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }),
        admmMask({ ...uniform, epochs, retrainEpochs }),
        attackEval(attacks, { examples, subjects: ['after'] }),
        exportModel('pwoa.safetensors'),
      ),
      'PwoA + random perturbations': robust.pipe(
        perturb(blockNoise({ epsilon })),
        distill({ temperature: 10 }),
        admmMask({
          ...graded,
          epochs,
          retrainEpochs,
          updateEvery: 1,
          admm: { learningRate: 1e-3, schedule: cosine() },
          retrain: { learningRate: 2e-3 },
        }),
        attackEval(attacks, { examples, subjects: ['after'] }),
        exportModel('pwoa-perturbed.safetensors'),
      ),
    })
  },
)
