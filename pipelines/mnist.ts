import {
  admmMask,
  architectureNames,
  attackEval,
  blockNoise,
  definePipeline,
  distill,
  exportModel,
  fgsm,
  hsicRegularize,
  loadTeacher,
  mnist,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  signNoise,
  uniformNoise,
  weightLayers,
  zoo,
} from 'pwoa'

const perturbations = { blockNoise, signNoise, uniformNoise }

/**
 * Prunes a robust MNIST network. `method=perturbed` (the default) distils on randomly perturbed images and keeps the
 * first layer whole; `method=published` is the paper's PwoA: natural images, one uniform rate for all but the last.
 */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The robust teacher: a PyTorch checkpoint or safetensors.' }),
    architecture: param.choice(architectureNames, { default: 'mnistNet', help: 'What the checkpoint is of.' }),
    method: param.choice(['perturbed', 'published'], { default: 'perturbed', help: 'Recipe.' }),
    rate: param.number({ default: 16, min: 1, max: 1000, unit: '×', help: 'Compression of all layers but the last.' }),
    pattern: param.choice(['irregular', 'filter', 'column'], {
      default: 'irregular',
      help: 'What is pruned together.',
    }),
    epochs: param.integer({ default: 5, min: 0, unit: 'epochs', help: 'ADMM phase.' }),
    retrainEpochs: param.integer({ default: 10, min: 0, unit: 'epochs', help: 'Masked retraining.' }),
    perturbation: param.choice(['blockNoise', 'signNoise', 'uniformNoise'], {
      default: 'blockNoise',
      help: 'Random noise of method=perturbed.',
    }),
    epsilon: param.number({ default: 0.3, min: 0.001, max: 1, help: 'L∞ radius of the noise and of the attacks.' }),
    temperature: param.number({ default: 30, min: 0.1, help: 'T of the distillation.' }),
    alpha: param.number({ default: 10, min: 0.001, help: 'α of the distillation.' }),
    lambdaX: param.number({ default: 2e-4, min: 0, help: 'λx of the HSIC bottleneck.' }),
    lambdaY: param.number({ default: 5e-5, min: 0, help: 'λy of the HSIC bottleneck.' }),
    batchSize: param.integer({ default: 128, min: 2, max: 10000, unit: 'images', help: 'Minibatch.' }),
    examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  (p) => {
    const [first = '', second = '', ...others] = weightLayers(zoo[p.architecture])
    const exclude = others.slice(-1)
    const teacher = pipeline(`mnist-${p.rate}x`, mnist({ batchSize: p.batchSize })).pipe(
      loadTeacher(p.checkpoint, { architecture: p.architecture }),
    )
    const noise = perturbations[p.perturbation]({ epsilon: p.epsilon })
    const [seen, rate] =
      p.method === 'published'
        ? [teacher, p.rate]
        : [teacher.pipe(perturb(noise)), { overall: p.rate, fixed: { [first]: 1, [second]: Math.min(4, p.rate) } }]

    return seen.pipe(
      distill({ temperature: p.temperature, alpha: p.alpha }),
      hsicRegularize({ lambdaX: p.lambdaX, lambdaY: p.lambdaY }),
      admmMask({ pattern: p.pattern, rate, exclude, epochs: p.epochs, retrainEpochs: p.retrainEpochs }),
      attackEval([fgsm({ epsilon: p.epsilon }), pgd({ epsilon: p.epsilon, steps: 40, stepSize: p.epsilon / 30 })], {
        examples: p.examples,
      }),
      exportModel(`mnist-${p.rate}x.safetensors`),
    )
  },
)
