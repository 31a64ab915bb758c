import {
  type Attack,
  adam,
  adversarial,
  architectureNames,
  attackEval,
  autoAttack,
  ceb,
  cifar10,
  cifar100,
  cosine,
  crossEntropy,
  definePipeline,
  exportModel,
  fgsm,
  type HasStudent,
  type HasTerms,
  horizontalFlip,
  hsicRegularize,
  initialise,
  lbgat,
  mart,
  mnist,
  type Pipeline,
  param,
  parameters,
  pgd,
  pipeline,
  randomCrop,
  type Step,
  sgd,
  sweep,
  syntheticDigits,
  trades,
  train,
  vib,
} from 'pwoa'

const crops = { augment: [randomCrop({ padding: 4 }), horizontalFlip()] }
const digits = { epsilon: 0.3, beta: 1, pgdSteps: 40, hsic: { lambdaX: 2e-4, lambdaY: 5e-5 } }
const photographs = { epsilon: 8 / 255, beta: 6, pgdSteps: 10, hsic: { lambdaX: 2e-5, lambdaY: 1e-4 } }
const byAdam = { optimizer: adam(), learningRate: 1e-3, schedule: cosine() }
const bySgd = { optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }), learningRate: 0.1, schedule: cosine() }

const datasets = {
  mnist: { ...digits, recipe: byAdam, data: mnist({ batchSize: 128 }) },
  syntheticDigits: { ...digits, recipe: byAdam, data: syntheticDigits({ train: 6000, test: 1000 }) },
  cifar10: { ...photographs, recipe: bySgd, data: cifar10({ batchSize: 128, ...crops }) },
  cifar100: {
    ...photographs,
    recipe: bySgd,
    hsic: { lambdaX: 5e-7, lambdaY: 2e-6 },
    data: cifar100({ batchSize: 128, ...crops }),
  },
}

interface Setting {
  readonly from: Pipeline<Step & HasStudent>
  readonly of: (typeof datasets)[keyof typeof datasets]
  /** PGD of a loss and a start, its radius growing over the first half of the epochs: at once nothing is learned. */
  readonly attack: (more?: {
    readonly loss?: 'ce' | 'kl'
    readonly start?: 'uniform' | 'nearby'
  }) => (epoch: number) => Attack
  /** FGSM with random start, its radius growing likewise: one step, a quarter longer than the radius. */
  readonly oneStep: (epoch: number) => Attack
}

/** The rows: what makes a network robust, each from random weights, with the same epochs. */
const methods = {
  natural: ({ from }: Setting) => from.pipe(crossEntropy()),
  adversarial: ({ from, attack }: Setting) => from.pipe(adversarial(attack()), crossEntropy()),
  fgsm: ({ from, oneStep }: Setting) => from.pipe(adversarial(oneStep), crossEntropy()),
  trades: ({ from, of, attack }: Setting) =>
    from.pipe(trades(attack({ loss: 'kl', start: 'nearby' }), { beta: of.beta })),
  mart: ({ from, attack }: Setting) => from.pipe(mart(attack({ start: 'nearby' }))),
  lbgat: ({ from, of, attack }: Setting) =>
    from.pipe(lbgat(attack({ loss: 'kl', start: 'nearby' }), { beta: of.beta })),
  hbar: ({ from, of }: Setting) => from.pipe(crossEntropy(), hsicRegularize(of.hsic)),
  vib: ({ from }: Setting) => from.pipe(crossEntropy(), vib()),
  ceb: ({ from }: Setting) => from.pipe(crossEntropy(), ceb()),
}

const names = Object.keys(methods) as (keyof typeof methods)[]

/**
 * Robust training side by side: the paper's rivals that make teachers, from random weights with the same data, epochs
 * and optimizer. Each point leaves its network under the method's name, such as `trades.safetensors`, which describes
 * itself: `pipelines/compare.ts` prunes any of them, several side by side.
 */
export default definePipeline(
  parameters({
    architecture: param.choice(architectureNames, { default: 'mnistNet', help: 'What is trained.' }),
    dataset: param.choice(['mnist', 'syntheticDigits', 'cifar10', 'cifar100'], {
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
    const of = datasets[dataset]
    const { epsilon, pgdSteps } = of
    const evaluation = [
      autoAttack({ epsilon }),
      fgsm({ epsilon }),
      pgd({ epsilon, steps: pgdSteps, stepSize: epsilon / (pgdSteps === 10 ? 4 : 30) }),
    ]
    return sweep(
      'robust-training',
      { method: rows, epochs: budgets, seed: seeds },
      ({ method, epochs }) => {
        const growing = (attackOf: (radius: number) => Attack) => (epoch: number) =>
          attackOf(epsilon * Math.min(1, (2 * (epoch + 1)) / epochs))
        const attack: Setting['attack'] = (more) =>
          growing((radius) => pgd({ epsilon: radius, steps, stepSize: (2.5 * radius) / steps, ...more }))
        const oneStep = growing((radius) => pgd({ epsilon: radius, steps: 1, stepSize: 1.25 * radius }))
        const from = pipeline(`${method} ${epochs} epochs`, of.data).pipe(initialise(architecture))
        const taught: Pipeline<Step & HasStudent & HasTerms> = methods[method]({ from, of, attack, oneStep })
        return taught.pipe(
          train({ epochs, ...of.recipe }),
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
