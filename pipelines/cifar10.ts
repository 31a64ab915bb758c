import {
  admmMask,
  architectureNames,
  attackEval,
  autoAttack,
  blockNoise,
  definePipeline,
  distill,
  exportModel,
  fgsm,
  hsicRegularize,
  loadTeacher,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  presets,
  readingParameters,
  signNoise,
  thirds,
  uniformNoise,
} from 'pwoa'

const perturbations = { blockNoise, signNoise, uniformNoise }

/**
 * Prunes a robust network by the paper's PwoA: distillation and the HSIC bottleneck on natural images, one rate for all
 * layers but the last. `noise` adds random perturbations, still without adversarial examples.
 */
export const pruneCifar = (name: 'cifar10' | 'cifar100') => {
  const preset = presets[name]
  return definePipeline(
    parameters({
      checkpoint: param.text({ help: 'The robust teacher: PyTorch, safetensors or ONNX.' }),
      architecture: param.optional(
        param.choice(architectureNames, { help: 'What the checkpoint is of; its sizes are read off it.' }),
        'what the file says, or the only network with a name that it fits',
      ),
      ...readingParameters,
      rate: param.number({ default: 4, min: 1, max: 1000, unit: '×', help: 'Compression of all layers but the last.' }),
      rates: param.choice(['uniform', 'erk', 'global', 'learned'], {
        default: 'uniform',
        help: 'How the rate is shared among the layers.',
      }),
      pattern: param.choice(['irregular', 'filter', 'column'], {
        default: 'irregular',
        help: 'What is pruned together.',
      }),
      epochs: param.integer({ default: 50, min: 0, unit: 'epochs', help: 'ADMM phase.' }),
      retrainEpochs: param.integer({ default: 100, min: 0, unit: 'epochs', help: 'Masked retraining.' }),
      updateEvery: param.integer({ default: 3, min: 1, unit: 'epochs', help: 'Between two updates of Z and U.' }),
      temperature: param.number({ default: 30, min: 0.1, help: 'T of the distillation.' }),
      alpha: param.number({ default: preset.distill.alpha, min: 0.001, help: 'α of the distillation.' }),
      lambdaX: param.number({ default: preset.hsicRegularize.lambdaX, min: 0, help: 'λx of the HSIC bottleneck.' }),
      lambdaY: param.number({ default: preset.hsicRegularize.lambdaY, min: 0, help: 'λy of the HSIC bottleneck.' }),
      noise: param.choice(['none', 'blockNoise', 'signNoise', 'uniformNoise'], {
        default: 'none',
        help: 'Random perturbation of the images that are distilled on.',
      }),
      epsilon: param.number({
        default: preset.epsilon,
        min: 0.0001,
        max: 1,
        help: 'L∞ radius of attacks and noise, such as 8/255.',
      }),
      admmRate: param.number({ default: 0.01, min: 1e-7, help: 'Learning rate of the ADMM phase (SGD).' }),
      retrainRate: param.number({ default: 0.005, min: 1e-7, help: 'Learning rate of the retraining (SGD).' }),
      batchSize: param.integer({ default: 128, min: 2, max: 10000, unit: 'images', help: 'Minibatch.' }),
      examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
    }),
    (p) => {
      const { epsilon } = p
      const { admm, retrain } = preset.admmMask
      const data = preset.data({ batchSize: p.batchSize })
      const teacher = pipeline(`${name}-${p.rate}x`, data).pipe(
        loadTeacher(p.checkpoint, { architecture: p.architecture, key: p.key, normalisation: p.normalisation }),
      )
      const seen = p.noise === 'none' ? teacher : teacher.pipe(perturb(perturbations[p.noise]({ epsilon })))

      return seen.pipe(
        distill({ temperature: p.temperature, alpha: p.alpha }),
        hsicRegularize({ lambdaX: p.lambdaX, lambdaY: p.lambdaY }),
        admmMask({
          pattern: p.pattern,
          rate: p.rate,
          rates: p.rates,
          exclude: 'last',
          epochs: p.epochs,
          retrainEpochs: p.retrainEpochs,
          updateEvery: p.updateEvery,
          admm: { ...admm, learningRate: p.admmRate, schedule: thirds(p.updateEvery) },
          retrain: { ...retrain, learningRate: p.retrainRate },
        }),
        attackEval([autoAttack({ epsilon }), fgsm({ epsilon }), pgd({ epsilon, steps: 10, stepSize: epsilon / 4 })], {
          examples: p.examples,
        }),
        exportModel(`${name}-${p.rate}x.safetensors`),
      )
    },
  )
}

/** PwoA on CIFAR-10, with the paper's settings: prunes a robust network without attacks. */
export default pruneCifar('cifar10')
