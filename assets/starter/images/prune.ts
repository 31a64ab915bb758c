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
} from 'pwoa'
import { epsilon, images, network } from './network.js'

export default definePipeline(
  parameters({
    checkpoint: param.text({
      default: 'runs/trained/network.safetensors',
      help: 'The network that pipeline.ts trained.',
    }),
    rate: param.number({ default: 4, min: 1, max: 100, unit: '×', help: 'Compression of all layers but the last.' }),
    epochs: param.integer({
      default: 10,
      min: 1,
      unit: 'epochs',
      help: 'ADMM phase, and twice as many of retraining.',
    }),
  }),
  ({ checkpoint, rate, epochs }) =>
    pipeline('prune', images).pipe(
      loadTeacher(checkpoint, { architecture: network }),
      // Random noise in place of attacks, and the loss: the student answers as the teacher does.
      perturb(blockNoise({ epsilon })),
      distill({ temperature: 10 }),
      admmMask({ pattern: 'irregular', rate, exclude: 'last', epochs, retrainEpochs: 2 * epochs, updateEvery: 1 }),
      attackEval([pgd({ epsilon, steps: 40, stepSize: epsilon / 10 })], { pictures: 5 }),
      exportModel('pruned.safetensors'),
      exportModel('pruned.onnx'),
    ),
)
