import {
  type Attack,
  adversarial,
  architectureNames,
  attackEval,
  autoAttack,
  ceb,
  crossEntropy,
  definePipeline,
  exportModel,
  fgsm,
  type HasStudent,
  type HasTerms,
  hsicRegularize,
  initialise,
  lbgat,
  mart,
  type Pipeline,
  type Preset,
  param,
  parameters,
  pgd,
  pipeline,
  presetNames,
  presets,
  type Step,
  sweep,
  trades,
  train,
  vib,
} from 'pwoa'

const datasets = {
  mnist: { preset: presets.mnist, data: presets.mnist.data(), usual: 'mnistNet' },
  syntheticDigits: { preset: presets.syntheticDigits, data: presets.syntheticDigits.data(), usual: 'mnistNet' },
  cifar10: { preset: presets.cifar10, data: presets.cifar10.data(), usual: 'resnet18' },
  cifar100: { preset: presets.cifar100, data: presets.cifar100.data(), usual: 'resnet18' },
}

interface Setting {
  readonly from: Pipeline<Step & HasStudent>
  readonly preset: Preset
  /** PGD with a loss and a start. Its radius grows over the first half of the epochs: with all of it at once, nothing is learned. */
  readonly attack: (more?: {
    readonly loss?: 'ce' | 'kl'
    readonly start?: 'uniform' | 'nearby'
  }) => (epoch: number) => Attack
  /** FGSM with random start and the same growing radius: one step, a quarter longer than the radius. */
  readonly oneStep: (epoch: number) => Attack
}

/** The rows: methods that train a robust network, each from random weights, with the same epochs. */
const methods = {
  natural: ({ from }: Setting) => from.pipe(crossEntropy()),
  adversarial: ({ from, attack }: Setting) => from.pipe(adversarial(attack()), crossEntropy()),
  fgsm: ({ from, oneStep }: Setting) => from.pipe(adversarial(oneStep), crossEntropy()),
  trades: ({ from, preset, attack }: Setting) =>
    from.pipe(trades(attack({ loss: 'kl', start: 'nearby' }), preset.trades)),
  mart: ({ from, attack }: Setting) => from.pipe(mart(attack({ start: 'nearby' }))),
  lbgat: ({ from, preset, attack }: Setting) =>
    from.pipe(lbgat(attack({ loss: 'kl', start: 'nearby' }), preset.trades)),
  hbar: ({ from, preset }: Setting) => from.pipe(crossEntropy(), hsicRegularize(preset.hsicRegularize)),
  vib: ({ from }: Setting) => from.pipe(crossEntropy(), vib()),
  ceb: ({ from }: Setting) => from.pipe(crossEntropy(), ceb()),
}

const names = Object.keys(methods) as (keyof typeof methods)[]

/**
 * Compares robust training methods that make teachers, from random weights with the same data, epochs and optimizer. Each
 * point writes its network under the method's name, such as `trades.safetensors`, with its description:
 * `pipelines/compare.ts` prunes any number of them.
 */
export default definePipeline(
  parameters({
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What is trained.' }),
      'mnistNet on digits, resnet18 on CIFAR',
    ),
    dataset: param.choice(presetNames, {
      default: 'mnist',
      help: 'What is trained and tested on.',
    }),
    methods: param.list(param.choice(names, { help: 'A row.' }), {
      default: names,
      min: 1,
      help: 'The rows, separated by commas.',
    }),
    epochs: param.list(param.integer({ min: 1, unit: 'epochs', help: 'A budget.' }), {
      default: [10],
      min: 1,
      help: 'Passes over the training set.',
    }),
    seeds: param.list(param.integer({ min: 0, help: 'A seed.' }), { default: [0], min: 1, help: 'Seeds of each row.' }),
    steps: param.integer({ default: 10, min: 1, max: 1000, help: 'Steps of PGD while training.' }),
    examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ architecture, dataset, methods: rows, epochs: budgets, seeds, steps, examples }) => {
    const { preset, data, usual } = datasets[dataset]
    const { epsilon } = preset
    const evaluation = [autoAttack({ epsilon }), fgsm({ epsilon }), pgd(preset.pgd)]
    return sweep(
      'robust-training',
      { method: rows, epochs: budgets, seed: seeds },
      ({ method, epochs }) => {
        const growing = (attackOf: (radius: number) => Attack) => (epoch: number) =>
          attackOf(epsilon * Math.min(1, (2 * (epoch + 1)) / epochs))
        const attack: Setting['attack'] = (more) =>
          growing((radius) => pgd({ epsilon: radius, steps, stepSize: (2.5 * radius) / steps, ...more }))
        const oneStep = growing((radius) => pgd({ epsilon: radius, steps: 1, stepSize: 1.25 * radius }))
        const from = pipeline(`${method} ${epochs} epochs`, data).pipe(initialise(architecture ?? usual))
        const taught: Pipeline<Step & HasStudent & HasTerms> = methods[method]({ from, preset, attack, oneStep })
        return taught.pipe(
          train({ epochs, ...preset.train }),
          attackEval(evaluation, { examples, subjects: ['after'] }),
          exportModel(`${method}.safetensors`),
        )
      },
      {
        lists: ['steps'],
        study: {
          method: 'method',
          across: 'epochs',
          ...(rows.includes('adversarial') ? { baseline: 'adversarial' } : {}),
        },
      },
    )
  },
)
