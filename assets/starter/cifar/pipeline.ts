import {
  admmMask,
  architectureNames,
  attackEval,
  autoAttack,
  cifar10,
  definePipeline,
  distill,
  exportModel,
  horizontalFlip,
  hsicRegularize,
  loadTeacher,
  param,
  parameters,
  pipeline,
  presets,
  randomCrop,
} from 'pwoa'

// The paper's settings for CIFAR-10.
const { admmMask: recipe, distill: distillation, hsicRegularize: bottleneck, epsilon } = presets.cifar10

export default definePipeline(
  parameters({
    checkpoint: param.text({ default: 'teacher.pt', help: 'The robust teacher: PyTorch, safetensors or ONNX.' }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoint is of.' }),
      'what the file says, or the only network with a name that it fits',
    ),
    rate: param.number({ default: 4, min: 1, max: 100, unit: '×', help: 'Compression of all layers but the last.' }),
    epochs: param.integer({ default: 50, min: 1, unit: 'epochs', help: 'ADMM phase.' }),
    retrainEpochs: param.integer({ default: 100, min: 1, unit: 'epochs', help: 'Masked retraining.' }),
    examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ checkpoint, architecture, rate, epochs, retrainEpochs, examples }) =>
    pipeline('cifar10', cifar10({ augment: [randomCrop(), horizontalFlip()] })).pipe(
      // If the training code normalised images outside the network: loadTeacher(…, { normalisation: { mean, std } }).
      loadTeacher(checkpoint, { architecture }),
      // The loss: the student answers as the teacher does, and its layers keep what the labels need.
      distill(distillation),
      hsicRegularize(bottleneck),
      // ADMM finds which weights to keep; the others become 0, and those that are left are trained once more.
      admmMask({ ...recipe, pattern: 'irregular', rate, exclude: 'last', epochs, retrainEpochs }),
      // Accuracy without and under attack, of the teacher (before) and of the pruned student (after).
      attackEval([autoAttack({ epsilon })], { examples, pictures: 5 }),
      exportModel('pruned.safetensors'),
      exportModel('pruned.onnx'),
    ),
)
