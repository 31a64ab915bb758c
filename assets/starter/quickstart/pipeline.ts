import { fileURLToPath } from 'node:url'
import {
  admmMask,
  attackEval,
  autoAttack,
  blockNoise,
  cosine,
  definePipeline,
  distill,
  exportModel,
  loadTeacher,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  syntheticDigits,
} from 'pwoa'

// The robust network to prune. This one knows the digits that `syntheticDigits` draws. A checkpoint of your own may be
// a PyTorch file (.pth, .pt), safetensors or ONNX, as its authors released it.
const checkpoint = fileURLToPath(new URL('teacher-digits.safetensors', import.meta.url))

// How far an attack may move a pixel, in L∞, of pixels in [0, 1]: what the network was trained against.
const epsilon = 0.3

export default definePipeline(
  // What `--set rate=8` may change; `pwoa-run pipeline.ts --help` lists it. Ranges are checked before anything runs.
  parameters({
    rate: param.number({ default: 4, min: 1, max: 100, unit: '×', help: 'Compression of all layers.' }),
    epochs: param.integer({ default: 8, min: 1, unit: 'epochs', help: 'ADMM phase.' }),
    retrainEpochs: param.integer({ default: 14, min: 1, unit: 'epochs', help: 'Masked retraining.' }),
    images: param.integer({ default: 2500, min: 128, unit: 'images', help: 'Training images that are drawn.' }),
    examples: param.integer({ default: 40, min: 1, max: 500, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ rate, epochs, retrainEpochs, images, examples }) =>
    // Data first. Others: mnist(), cifar10(), cifar100(), imageFolder({ name }).
    pipeline('starter', syntheticDigits({ train: images, test: 500 })).pipe(
      // The teacher, which stays as it is, and the student, which starts as its copy and is pruned.
      loadTeacher(checkpoint, { architecture: 'mnistNet' }),
      // Random noise on the training images: no gradients, no attack. It keeps robustness at high rates.
      perturb(blockNoise({ epsilon })),
      // The loss: the student answers as the teacher does.
      distill({ temperature: 10 }),
      // ADMM finds which weights to keep; the others become 0, and those that are left are trained once more.
      // The first layer (`0` in the checkpoint) has few weights and keeps them all; the others make up for it.
      admmMask({
        pattern: 'irregular',
        rate: { overall: rate, fixed: { '0': 1 } },
        epochs,
        retrainEpochs,
        updateEvery: 1,
        admm: { learningRate: 1e-3, schedule: cosine() },
        retrain: { learningRate: 2e-3 },
      }),
      // Accuracy without and under attack, of the teacher (before) and of the pruned student (after). A figure that
      // counts is one of AutoAttack; the pictures go into the report.
      attackEval([pgd({ epsilon, steps: 40, stepSize: 0.01 }), autoAttack({ epsilon })], { examples, pictures: 5 }),
      // Into the run folder; `pruned.onnx` would be for other programs.
      exportModel('pruned.safetensors'),
    ),
)
