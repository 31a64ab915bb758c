import { fileURLToPath } from 'node:url'
import {
  admmMask,
  attackEval,
  blockNoise,
  definePipeline,
  distill,
  exportModel,
  loadTeacher,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  sweep,
  syntheticDigits,
} from 'pwoa'

// The robust network to prune. It knows the digits that `syntheticDigits` draws.
const checkpoint = fileURLToPath(new URL('teacher-digits.safetensors', import.meta.url))

// How far an attack may move a pixel, in L∞, of pixels in [0, 1].
const epsilon = 0.3

export default definePipeline(
  parameters({
    rates: param.list(param.number({ min: 1, max: 100, unit: '×', help: 'A compression.' }), {
      default: [2, 4, 8],
      min: 1,
      help: 'Compressions of all layers but the last.',
    }),
    seeds: param.list(param.integer({ min: 0, help: 'A seed.' }), {
      default: [0, 1],
      min: 1,
      help: 'Seeds of the runs at each rate.',
    }),
    epochs: param.integer({ default: 2, min: 1, unit: 'epochs', help: 'ADMM phase, and twice as many of retraining.' }),
    images: param.integer({ default: 2000, min: 128, unit: 'images', help: 'Training images that are drawn.' }),
    examples: param.integer({ default: 100, min: 1, max: 500, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ rates, seeds, epochs, images, examples }) =>
    // A point for each combination. The function makes its pipeline; the parameter `seed` is the seed of its run.
    sweep('rates', { rate: rates, seed: seeds }, ({ rate }) =>
      pipeline(`digits-${rate}x`, syntheticDigits({ train: images, test: 500 })).pipe(
        loadTeacher(checkpoint, { architecture: 'mnistNet' }),
        perturb(blockNoise({ epsilon })),
        distill({ temperature: 10 }),
        admmMask({ pattern: 'irregular', rate, exclude: 'last', epochs, retrainEpochs: 2 * epochs, updateEvery: 1 }),
        attackEval([pgd({ epsilon, steps: 40, stepSize: 0.01 })], { examples, subjects: ['after'] }),
        exportModel('pruned.safetensors'),
      ),
    ),
)
