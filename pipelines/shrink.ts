import {
  apgd,
  architectureNames,
  attackEval,
  blockNoise,
  definePipeline,
  distill,
  exportModel,
  loadTeacher,
  magnitudePrune,
  mnist,
  param,
  parameters,
  perturb,
  pipeline,
  readingParameters,
  shrink,
  syntheticDigits,
} from 'pwoa'

const datasets = { mnist, syntheticDigits }

/**
 * Prunes whole filters of a robust network and removes them. `small.onnx` and `small.safetensors` are smaller and faster
 * everywhere, without support for zeros. The result's table has parameters, operations and bytes of each layer.
 */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The robust network: PyTorch, safetensors or ONNX.' }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoint is of.' }),
      'what the file says, or the only network with a name that it fits',
    ),
    ...readingParameters,
    dataset: param.choice(['mnist', 'syntheticDigits'], { default: 'mnist', help: 'Where the images are from.' }),
    rate: param.number({
      default: 2,
      min: 1,
      max: 64,
      unit: '×',
      help: 'Filters of each layer but the last: how many times fewer.',
    }),
    retrainEpochs: param.integer({ default: 10, min: 1, unit: 'epochs', help: 'Retraining of what is left.' }),
    epsilon: param.number({ default: 0.3, min: 0.001, max: 1, help: 'L∞ radius of the noise and of the attack.' }),
    examples: param.integer({ default: 250, min: 1, unit: 'images', help: 'Test images attacked.' }),
  }),
  (p) =>
    pipeline(`shrink-${p.rate}x`, datasets[p.dataset]()).pipe(
      loadTeacher(p.checkpoint, { architecture: p.architecture, key: p.key, normalisation: p.normalisation }),
      perturb(blockNoise({ epsilon: p.epsilon })),
      distill({ temperature: 10 }),
      magnitudePrune({
        pattern: 'filter',
        rate: p.rate,
        exclude: 'last',
        retrainEpochs: p.retrainEpochs,
      }),
      shrink(),
      attackEval([apgd({ epsilon: p.epsilon })], { examples: p.examples }),
      exportModel('small.safetensors'),
      exportModel('small.onnx'),
    ),
)
