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
  fgsm,
  type HasStudent,
  type HasTeacher,
  hsicRegularize,
  loadTeacher,
  matchJacobian,
  mnist,
  type Pipeline,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  presets,
  readingParameters,
  type Step,
  signNoise,
  uniformNoise,
  weightLayers,
  zoo,
} from 'pwoa'

const perturbations = { blockNoise, signNoise, uniformNoise }

const noisy = {
  temperature: 10,
  lambdaX: 0,
  lambdaY: 0,
  updateEvery: 1,
  retrain: { learningRate: 2e-3, schedule: cosine() },
  admm: { learningRate: 1e-3, schedule: cosine() },
}

/** The differences of the methods, besides the noise. HSIC takes half of a step and changes nothing in addition to noise. */
const recipes = {
  matched: noisy,
  perturbed: noisy,
  published: {
    temperature: presets.mnist.distill.temperature,
    ...presets.mnist.hsicRegularize,
    ...presets.mnist.admmMask,
  },
}

/**
 * Prunes a robust MNIST network. `method=matched` (the default) distils on randomly perturbed images, matches the slopes
 * of student and teacher there and learns each layer's rate; `method=perturbed` only distils, and keeps the first layer
 * whole; `method=published` is the paper's PwoA: natural images, one uniform rate for all but the last.
 */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The robust teacher: PyTorch, safetensors or ONNX.' }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoint is of.' }),
      'what the file says, or the only network with a name that it fits',
    ),
    ...readingParameters,
    method: param.choice(['matched', 'perturbed', 'published'], { default: 'matched', help: 'Recipe.' }),
    rate: param.number({ default: 16, min: 1, max: 1000, unit: '×', help: 'Compression of all layers but the last.' }),
    rates: param.optional(
      param.choice(['uniform', 'erk', 'global', 'learned'], { help: 'How the rate is shared among the layers.' }),
      'learned; perturbed first layer whole, second at most 4x; published uniform',
    ),
    pattern: param.choice(['irregular', 'filter', 'column'], {
      default: 'irregular',
      help: 'What is pruned together.',
    }),
    epochs: param.integer({ default: 5, min: 0, unit: 'epochs', help: 'ADMM phase.' }),
    retrainEpochs: param.integer({ default: 10, min: 0, unit: 'epochs', help: 'Masked retraining.' }),
    perturbation: param.choice(['blockNoise', 'signNoise', 'uniformNoise'], {
      default: 'blockNoise',
      help: 'Random noise of matched and perturbed.',
    }),
    epsilon: param.number({
      default: presets.mnist.epsilon,
      min: 0.001,
      max: 1,
      help: 'L∞ radius of the noise and of the attacks.',
    }),
    temperature: param.optional(param.number({ min: 0.1, help: 'T of the distillation.' }), '10, published 30'),
    alpha: param.number({ default: presets.mnist.distill.alpha, min: 0.001, help: 'α of the distillation.' }),
    lambdaX: param.optional(param.number({ min: 0, help: 'λx of the HSIC bottleneck.' }), '0 (off), published 0.0002'),
    lambdaY: param.optional(param.number({ min: 0, help: 'λy of the HSIC bottleneck.' }), '0 (off), published 0.00005'),
    batchSize: param.integer({ default: 128, min: 2, max: 10000, unit: 'images', help: 'Minibatch.' }),
    examples: param.integer({ default: 250, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  (p) => {
    const recipe = recipes[p.method]
    const [first = '', second = ''] = weightLayers(zoo[p.architecture ?? 'mnistNet'])
    const teacher = pipeline(`mnist-${p.rate}x`, mnist({ batchSize: p.batchSize })).pipe(
      loadTeacher(p.checkpoint, { architecture: p.architecture, key: p.key, normalisation: p.normalisation }),
    )
    const perturbed = teacher.pipe(perturb(perturbations[p.perturbation]({ epsilon: p.epsilon })))
    const matched = perturbed.pipe(matchJacobian({ epsilon: p.epsilon }))
    const seen: Pipeline<Step & HasTeacher & HasStudent> = { matched, perturbed, published: teacher }[p.method]
    const usual = {
      matched: { rate: p.rate, rates: 'learned' as const },
      perturbed: { rate: { overall: p.rate, fixed: { [first]: 1, [second]: Math.min(4, p.rate) } } },
      published: { rate: p.rate },
    }[p.method]
    const shared = p.rates === undefined ? usual : { rate: p.rate, rates: p.rates }

    return seen.pipe(
      distill({ temperature: p.temperature ?? recipe.temperature, alpha: p.alpha }),
      hsicRegularize({ lambdaX: p.lambdaX ?? recipe.lambdaX, lambdaY: p.lambdaY ?? recipe.lambdaY }),
      admmMask({
        pattern: p.pattern,
        ...shared,
        exclude: 'last',
        epochs: p.epochs,
        retrainEpochs: p.retrainEpochs,
        updateEvery: recipe.updateEvery,
        admm: recipe.admm,
        retrain: recipe.retrain,
      }),
      attackEval(
        [
          autoAttack({ epsilon: p.epsilon }),
          fgsm({ epsilon: p.epsilon }),
          pgd({ epsilon: p.epsilon, steps: 40, stepSize: p.epsilon / 30 }),
        ],
        { examples: p.examples },
      ),
      exportModel(`mnist-${p.rate}x.safetensors`),
    )
  },
)
