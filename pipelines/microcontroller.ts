import {
  admmMask,
  architectureNames,
  attackEval,
  autoAttack,
  blockNoise,
  cosine,
  definePipeline,
  distill,
  exportModel,
  loadTeacher,
  matchJacobian,
  mnist,
  param,
  parameters,
  perturb,
  pipeline,
  presets,
  readingParameters,
} from 'pwoa'

/**
 * Prunes a robust MNIST network until its C code fits a microcontroller. `net.int8.c` keeps to the flash; the result
 * says how much RAM it takes, and how robust the 8-bit file itself is. It learns from random perturbations and matched
 * input gradients, with learned rates.
 */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The robust network: PyTorch, safetensors or ONNX.' }),
    architecture: param.choice(architectureNames, { default: 'mnistNet', help: 'What the checkpoint is of.' }),
    ...readingParameters,
    flash: param.integer({ default: 32_768, min: 1, unit: 'bytes', help: 'Flash for constants and machine code.' }),
    epochs: param.integer({ default: 5, min: 0, unit: 'epochs', help: 'ADMM phase.' }),
    retrainEpochs: param.integer({ default: 10, min: 0, unit: 'epochs', help: 'Masked retraining.' }),
    epsilon: param.number({
      default: presets.mnist.epsilon,
      min: 0.001,
      max: 1,
      help: 'L∞ radius of the noise and of the attacks.',
    }),
    examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  (p) =>
    pipeline('microcontroller', mnist()).pipe(
      loadTeacher(p.checkpoint, { architecture: p.architecture, key: p.key, normalisation: p.normalisation }),
      perturb(blockNoise({ epsilon: p.epsilon })),
      matchJacobian({ epsilon: p.epsilon, every: 3 }),
      distill({ temperature: 10 }),
      admmMask({
        pattern: 'irregular',
        rate: { budget: 'flash', bytes: p.flash },
        rates: 'learned',
        exclude: 'last',
        epochs: p.epochs,
        retrainEpochs: p.retrainEpochs,
        updateEvery: 1,
        admm: { learningRate: 1e-3, schedule: cosine() },
        retrain: { learningRate: 2e-3, schedule: cosine() },
      }),
      attackEval([autoAttack({ epsilon: p.epsilon })], { examples: p.examples, subjects: ['after'], form: 'int8' }),
      exportModel('net.safetensors'),
      exportModel('net.int8.c'),
    ),
)
