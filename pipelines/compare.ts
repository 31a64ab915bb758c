import { basename, extname } from 'node:path'
import {
  adam,
  admmMask,
  advPrune,
  apd,
  architectureNames,
  attackEval,
  autoAttack,
  blockNoise,
  cifar10,
  cifar100,
  constant,
  cosine,
  crossEntropy,
  definePipeline,
  distill,
  type Excluded,
  exportModel,
  fgsm,
  type HasStudent,
  type HasTeacher,
  horizontalFlip,
  hsicRegularize,
  hydra,
  loadTeacher,
  magnitudePrune,
  matchJacobian,
  mnist,
  multiStep,
  naive,
  type Pattern,
  type Pipeline,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  pwoa,
  randomCrop,
  type Step,
  sgd,
  sweep,
  syntheticDigits,
  thirds,
} from 'pwoa'

const crops = { augment: [randomCrop({ padding: 4 }), horizontalFlip()] }

/** The paper's settings on digits, as its code has them. */
const digits = {
  epsilon: 0.3,
  /** Step size of a PGD attack in parts of its radius. */
  part: 30,
  pgdSteps: 40,
  alpha: 10,
  hsic: { lambdaX: 2e-4, lambdaY: 5e-5 },
  /** Slopes are matched in each so many minibatches: as often as 1.3 times the published method's time allows. */
  every: 4,
  recipes: {
    admm: { optimizer: adam(), learningRate: 5e-4, schedule: thirds(3) },
    retrain: { optimizer: adam(), learningRate: 1e-3, schedule: multiStep([0.75, 0.9]) },
  },
  /**
   * HYDRA's code is made for CIFAR. SGD at its 0.01 unlearns digits that are attacked by 0.3; and its attack starts so near
   * that it sees no gradient where a first layer is thresholds that a pixel crosses by 0.3 alone.
   */
  hydra: { start: 'uniform' as const, retrain: { optimizer: adam(), learningRate: 1e-3, schedule: cosine() } },
}

const momentum = sgd({ momentum: 0.9, weightDecay: 1e-4 })

/** The paper's settings on CIFAR, as its code has them. */
const photographs = {
  epsilon: 8 / 255,
  part: 4,
  pgdSteps: 10,
  alpha: 10,
  hsic: { lambdaX: 2e-5, lambdaY: 1e-4 },
  every: 3,
  recipes: {
    admm: { optimizer: momentum, learningRate: 0.01, schedule: thirds(3) },
    retrain: { optimizer: momentum, learningRate: 0.005, schedule: cosine() },
  },
  /** As its own code, which the defaults of `hydra` are. */
  hydra: { start: 'nearby' as const, retrain: {} },
}

const datasets = {
  mnist: { ...digits, data: mnist({ batchSize: 128 }) },
  syntheticDigits: { ...digits, data: syntheticDigits({ train: 2000, test: 1000 }) },
  cifar10: { ...photographs, data: cifar10({ batchSize: 128, ...crops }) },
  cifar100: {
    ...photographs,
    alpha: 100,
    hsic: { lambdaX: 5e-7, lambdaY: 2e-6 },
    data: cifar100({ batchSize: 128, ...crops }),
  },
}

interface Setting {
  readonly of: (typeof datasets)[keyof typeof datasets]
  readonly teacher: Pipeline<Step & HasTeacher & HasStudent>
  readonly mask: { readonly pattern: Pattern; readonly rate: number; readonly exclude: Excluded }
  /** Epochs while weights are pushed towards zero, and after that. */
  readonly epochs: number
  readonly retrainEpochs: number
  /** Steps of the attack that the adversarial methods train with. */
  readonly attackSteps: number
}

/** PGD that the adversarial methods train with. */
const trainedBy = (
  { of: { epsilon }, attackSteps: steps }: Setting,
  more: { readonly loss?: 'kl'; readonly start?: 'nearby' | 'uniform' } = {},
) => pgd({ epsilon, steps, stepSize: (2.5 * epsilon) / steps, ...more })

/** A retraining with the data set's optimizer, for methods whose own codes say nothing of it. */
const falling = ({ of: { recipes } }: Setting) => ({ ...recipes.retrain, schedule: cosine() })

/** What is pruned, and for how long. */
const planOf = ({ mask, epochs, retrainEpochs }: Setting) => ({ ...mask, epochs, retrainEpochs })

const maskOf = (at: Setting) => ({ ...planOf(at), ...at.of.recipes })

/** The paper's distillation. */
const softened = ({ of: { alpha } }: Setting) => ({ temperature: 30, alpha })

const pwoaOf = (at: Setting) => ({ ...maskOf(at), distill: softened(at), hsic: at.of.hsic })

const perturbed = ({ of: { epsilon }, teacher }: Setting) => teacher.pipe(perturb(blockNoise({ epsilon })))

/** Adam's steps go on towards sparse weights to the end: there are few epochs, and Z and U are updated in each. */
const distilled = (at: Setting, seen: Pipeline<Step & HasTeacher & HasStudent>, rates: 'uniform' | 'learned') => {
  const { admm, retrain, ...mask } = maskOf(at)
  return seen.pipe(
    distill({ temperature: 10, alpha: at.of.alpha }),
    admmMask({
      ...mask,
      rates,
      updateEvery: 1,
      admm: { ...admm, learningRate: 2 * admm.learningRate, schedule: cosine() },
      retrain: { ...retrain, learningRate: 2 * retrain.learningRate, schedule: cosine() },
    }),
  )
}

/** The rows: every method from the same teacher, on the same data, with the same epochs and rate. */
const methods = {
  teacher: ({ teacher }: Setting) => teacher,
  naive: (at: Setting) =>
    at.teacher.pipe(naive({ ...at.mask, retrainEpochs: at.epochs + at.retrainEpochs, retrain: falling(at) })),
  gradual: (at: Setting) => {
    const prune = { ...at.of.recipes.retrain, schedule: constant() }
    return at.teacher.pipe(crossEntropy(), magnitudePrune({ ...planOf(at), prune, retrain: falling(at) }))
  },
  admm: (at: Setting) => at.teacher.pipe(crossEntropy(), admmMask(maskOf(at))),
  'hsic-only': (at: Setting) => at.teacher.pipe(crossEntropy(), hsicRegularize(at.of.hsic), admmMask(maskOf(at))),
  'distill-only': (at: Setting) => at.teacher.pipe(distill(softened(at)), admmMask(maskOf(at))),
  pwoa: (at: Setting) => at.teacher.pipe(pwoa(pwoaOf(at))),
  /** What the rows after it are to be held against: theirs is another temperature and schedule as well. */
  tuned: (at: Setting) => distilled(at, at.teacher, 'uniform'),
  perturbed: (at: Setting) => distilled(at, perturbed(at), 'uniform'),
  learned: (at: Setting) => distilled(at, at.teacher, 'learned'),
  'perturbed-learned': (at: Setting) => distilled(at, perturbed(at), 'learned'),
  matched: (at: Setting) =>
    distilled(at, perturbed(at).pipe(matchJacobian({ epsilon: at.of.epsilon, every: at.of.every })), 'learned'),
  advPrune: (at: Setting) => at.teacher.pipe(advPrune(trainedBy(at), { ...maskOf(at), retrain: falling(at) })),
  apd: (at: Setting) => {
    const prune = { ...at.of.recipes.admm, schedule: thirds(Math.max(1, at.epochs)) }
    const options = { ...planOf(at), prune, retrain: falling(at), distill: softened(at) }
    return at.teacher.pipe(apd(trainedBy(at), options))
  },
  hydra: (at: Setting) => {
    const { start, retrain } = at.of.hydra
    const attack = trainedBy(at, { loss: 'kl', start })
    return at.teacher.pipe(hydra(attack, { ...planOf(at), beta: 6, retrain }))
  },
}

const nameOf = (file: string): string => basename(file, extname(file))

/** PwoA with attacked images among the natural ones has a row for each share of them. */
type Row = keyof typeof methods | `pwoa-mixed-${number}`

const isOf = (row: Row): row is keyof typeof methods => row in methods

const build = (row: Row, at: Setting): Pipeline<Step & HasStudent> => {
  if (isOf(row)) return methods[row](at)
  const mixRatio = Number(row.slice('pwoa-mixed-'.length))
  return at.teacher.pipe(pwoa({ ...pwoaOf(at), mixed: { attack: trainedBy(at), mixRatio } }))
}

const names = [...(Object.keys(methods) as (keyof typeof methods)[]), 'pwoa-mixed'] as const

/**
 * The paper's comparison: methods × rates × seeds on one network or several, a row each, with means over the seeds. The
 * folder has the table as Markdown, CSV and JSON, and pictures of robust accuracy by rate and by the time of training.
 * What is done stays done, so the study can grow. For figures of time run one point at a time, on an idle machine.
 */
export default definePipeline(
  parameters({
    checkpoints: param.list(param.text({ help: 'A robust teacher: a PyTorch checkpoint or safetensors.' }), {
      min: 1,
      help: 'The teachers, separated by commas.',
    }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoints are of; files of exportModel say so themselves.' }),
      'what the files say',
    ),
    exclude: param.list(param.text({ help: 'A layer.' }), {
      default: [],
      help: 'Layers that are not pruned; where none is named, the last one.',
    }),
    dataset: param.choice(['mnist', 'syntheticDigits', 'cifar10', 'cifar100'], {
      default: 'mnist',
      help: 'What is trained and tested on.',
    }),
    methods: param.list(param.choice(names, { help: 'A row.' }), {
      default: [
        'teacher',
        'naive',
        'admm',
        'hsic-only',
        'distill-only',
        'pwoa',
        'perturbed',
        'perturbed-learned',
        'matched',
        'advPrune',
        'apd',
        'hydra',
      ],
      min: 1,
      help: 'The rows, separated by commas; docs/methods.md says what each is.',
    }),
    rates: param.list(param.number({ min: 1, max: 1000, unit: '×', help: 'A compression.' }), {
      default: [4, 8, 16, 32],
      min: 1,
      help: 'Compressions of all layers but the last.',
    }),
    seeds: param.list(param.integer({ min: 0, help: 'A seed.' }), { default: [0], min: 1, help: 'Seeds of each row.' }),
    pattern: param.choice(['irregular', 'filter', 'column'], {
      default: 'irregular',
      help: 'What is pruned together.',
    }),
    epochs: param.integer({ default: 50, min: 0, unit: 'epochs', help: 'While weights are pushed towards zero.' }),
    retrainEpochs: param.integer({ default: 100, min: 0, unit: 'epochs', help: 'Masked retraining.' }),
    attackSteps: param.integer({ default: 10, min: 1, max: 1000, help: 'Steps of PGD in adversarial training.' }),
    mixRatios: param.list(param.number({ min: 0, max: 1, help: 'A share.' }), {
      default: [0.2],
      min: 1,
      help: 'Shares of attacked minibatches, a row of pwoa-mixed for each.',
    }),
    attacks: param.list(param.choice(['autoattack', 'fgsm', 'pgd', 'cw'], { help: 'An attack.' }), {
      default: ['autoattack', 'fgsm', 'pgd', 'cw'],
      min: 1,
      help: "What each network is attacked with: a figure to quote is AutoAttack's, a quick look takes pgd.",
    }),
    examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ checkpoints, architecture, dataset, methods: rows, rates, seeds, pattern, examples, ...p }) => {
    const of = datasets[dataset]
    const exclude = p.exclude.length > 0 ? p.exclude : 'last'
    // The name of a file says which teacher it is, unless several have the same.
    const isTwice = (name: string): boolean => checkpoints.filter((file) => nameOf(file) === name).length > 1
    const teachers = new Map(checkpoints.map((file) => [isTwice(nameOf(file)) ? file : nameOf(file), file]))
    const named = rows.flatMap((row): readonly Row[] =>
      row === 'pwoa-mixed' ? p.mixRatios.map((mixRatio) => `${row}-${mixRatio}` as const) : [row],
    )
    const points = [...teachers.keys()].flatMap((teacher) =>
      named.flatMap((method) => {
        const whole = method === 'teacher'
        return (whole ? [1] : rates).flatMap((rate) =>
          (whole ? seeds.slice(0, 1) : seeds).map((seed) => ({ teacher, method, rate, seed })),
        )
      }),
    )
    const { epsilon, part, pgdSteps } = of
    const pgdAttack = { epsilon, steps: pgdSteps, stepSize: epsilon / part }
    const known = {
      autoattack: autoAttack({ epsilon }),
      fgsm: fgsm({ epsilon }),
      pgd: pgd(pgdAttack),
      cw: pgd({ ...pgdAttack, loss: 'margin', name: 'cw' }),
    }
    const attacks = p.attacks.map((name) => known[name])

    return sweep(
      'compare',
      points,
      ({ teacher, method, rate }) => {
        const source = pipeline(`${teacher} ${method} ${rate}x`, of.data).pipe(
          loadTeacher(teachers.get(teacher) ?? teacher, architecture === undefined ? {} : { architecture }),
        )
        const pruned = build(method, {
          ...p,
          of,
          teacher: source,
          mask: { pattern, rate, exclude },
        })
        const subjects = method === 'teacher' ? (['before'] as const) : (['after'] as const)
        return pruned.pipe(attackEval(attacks, { examples, subjects }), exportModel('network.safetensors'))
      },
      {
        study: { method: 'method', across: 'rate', ...(rows.includes('advPrune') ? { baseline: 'advPrune' } : {}) },
        lists: [
          'checkpoints',
          'methods',
          'rates',
          'seeds',
          'epochs',
          'retrainEpochs',
          'attackSteps',
          'mixRatios',
          'attacks',
        ],
      },
    )
  },
)
