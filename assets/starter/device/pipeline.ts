import { fileURLToPath } from 'node:url'
import {
  attackEval,
  autoAttack,
  blockNoise,
  definePipeline,
  distill,
  exportModel,
  loadTeacher,
  magnitudePrune,
  param,
  parameters,
  perturb,
  pipeline,
  shrink,
  syntheticDigits,
} from 'pwoa'

// The robust network to prune. It knows the digits that `syntheticDigits` draws.
const checkpoint = fileURLToPath(new URL('teacher-digits.safetensors', import.meta.url))

// How far an attack may move a pixel, in L∞, of pixels in [0, 1].
const epsilon = 0.3

export default definePipeline(
  parameters({
    rate: param.number({ default: 2, min: 1, max: 16, unit: '×', help: 'How many times fewer filters.' }),
    retrainEpochs: param.integer({ default: 10, min: 1, unit: 'epochs', help: 'Retraining of what is left.' }),
    images: param.integer({ default: 3000, min: 128, unit: 'images', help: 'Training images that are drawn.' }),
    examples: param.integer({ default: 50, min: 1, max: 500, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ rate, retrainEpochs, images, examples }) =>
    pipeline('device', syntheticDigits({ train: images, test: 500 })).pipe(
      loadTeacher(checkpoint, { architecture: 'mnistNet' }),
      perturb(blockNoise({ epsilon })),
      distill({ temperature: 10 }),
      // Whole filters: any program runs the smaller network faster, without support for zeros.
      magnitudePrune({ pattern: 'filter', rate, exclude: 'last', retrainEpochs }),
      // Removes the filters, and what depends only on them. The report has the size and the time of each layer.
      shrink(),
      attackEval([autoAttack({ epsilon })], { examples }),
      exportModel('small.safetensors'),
      exportModel('small.onnx'),
      exportModel('small.int8.onnx'),
    ),
)
