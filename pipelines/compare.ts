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
  hsicRegularize,
  hydra,
  loadTeacher,
  magnitudePrune,
  matchJacobian,
  naive,
  type Pattern,
  type Pipeline,
  type Preset,
  param,
  parameters,
  perturb,
  pgd,
  pipeline,
  presetAt,
  presetNames,
  presets,
  pwoa,
  readingParameters,
  type Step,
  sweep,
  thirds,
} from 'pwoa'

/**
 * HYDRA's code is made for CIFAR, and the defaults of `hydra` are taken from it. With its learning rate of 0.01, SGD
 * unlearns digits that are attacked with 0.3; and its attack starts so close to the image that it sees no gradient if the
 * first layer consists of thresholds.
 */
const onDigits = { start: 'uniform', retrain: { optimizer: adam(), learningRate: 1e-3, schedule: cosine() } } as const
const onPhotographs = { start: 'nearby', retrain: {} } as const

const datasets = {
  mnist: { preset: presets.mnist, hydra: onDigits, data: presets.mnist.data() },
  syntheticDigits: {
    preset: presets.syntheticDigits,
    hydra: onDigits,
    data: presets.syntheticDigits.data({ train: 2000, test: 1000 }),
  },
  cifar10: { preset: presets.cifar10, hydra: onPhotographs, data: presets.cifar10.data() },
  cifar100: { preset: presets.cifar100, hydra: onPhotographs, data: presets.cifar100.data() },
}

interface Setting {
  readonly preset: Preset
  readonly hydra: typeof onDigits | typeof onPhotographs
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
  { preset: { epsilon }, attackSteps: steps }: Setting,
  more: { readonly loss?: 'kl'; readonly start?: 'nearby' | 'uniform' } = {},
) => pgd({ epsilon, steps, stepSize: (2.5 * epsilon) / steps, ...more })

/** Retraining with the data set's optimizer, for methods whose own code does not specify it. */
const falling = ({ preset }: Setting) => ({ ...preset.admmMask.retrain, schedule: cosine() })

/** What is pruned, and for how long. */
const planOf = ({ mask, epochs, retrainEpochs }: Setting) => ({ ...mask, epochs, retrainEpochs })

const maskOf = (at: Setting) => {
  const { admm, retrain } = at.preset.admmMask
  return { ...planOf(at), admm, retrain }
}

const pwoaOf = (at: Setting) => ({ ...maskOf(at), distill: at.preset.distill, hsic: at.preset.hsicRegularize })

const perturbed = ({ preset: { epsilon }, teacher }: Setting) => teacher.pipe(perturb(blockNoise({ epsilon })))

/** Twice the learning rate, over one cosine for the whole phase: there are few epochs, and Z and U are updated in each. */
const distilled = (at: Setting, seen: Pipeline<Step & HasTeacher & HasStudent>, rates: 'uniform' | 'learned') => {
  const { admm, retrain, ...mask } = maskOf(at)
  return seen.pipe(
    distill({ ...at.preset.distill, temperature: 10 }),
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
    const prune = { ...at.preset.admmMask.retrain, schedule: constant() }
    return at.teacher.pipe(crossEntropy(), magnitudePrune({ ...planOf(at), prune, retrain: falling(at) }))
  },
  admm: (at: Setting) => at.teacher.pipe(crossEntropy(), admmMask(maskOf(at))),
  'hsic-only': (at: Setting) =>
    at.teacher.pipe(crossEntropy(), hsicRegularize(at.preset.hsicRegularize), admmMask(maskOf(at))),
  'distill-only': (at: Setting) => at.teacher.pipe(distill(at.preset.distill), admmMask(maskOf(at))),
  pwoa: (at: Setting) => at.teacher.pipe(pwoa(pwoaOf(at))),
  /** The reference for the rows after it, which also have another temperature and schedule. */
  tuned: (at: Setting) => distilled(at, at.teacher, 'uniform'),
  perturbed: (at: Setting) => distilled(at, perturbed(at), 'uniform'),
  learned: (at: Setting) => distilled(at, at.teacher, 'learned'),
  'perturbed-learned': (at: Setting) => distilled(at, perturbed(at), 'learned'),
  matched: (at: Setting) => distilled(at, perturbed(at).pipe(matchJacobian(at.preset.matchJacobian)), 'learned'),
  advPrune: (at: Setting) => at.teacher.pipe(advPrune(trainedBy(at), { ...maskOf(at), retrain: falling(at) })),
  apd: (at: Setting) => {
    const prune = { ...at.preset.admmMask.admm, schedule: thirds(Math.max(1, at.epochs)) }
    const options = { ...planOf(at), prune, retrain: falling(at), distill: at.preset.distill }
    return at.teacher.pipe(apd(trainedBy(at), options))
  },
  hydra: (at: Setting) => {
    const { start, retrain } = at.hydra
    const attack = trainedBy(at, { loss: 'kl', start })
    return at.teacher.pipe(hydra(attack, { ...planOf(at), beta: 6, retrain }))
  },
}

const nameOf = (file: string): string => basename(file, extname(file))

/** PwoA with attacked images mixed into the natural ones has a row for each share of them. */
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
 * Finished points are kept, so the study can be extended. For figures of time, run one point at a time on an idle machine.
 */
export default definePipeline(
  parameters({
    checkpoints: param.list(param.text({ help: 'A robust teacher: PyTorch, safetensors or ONNX.' }), {
      min: 1,
      help: 'The teachers, separated by commas.',
    }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoints are of; their sizes are read off them.' }),
      'what each file says, or the only network with a name that it fits',
    ),
    ...readingParameters,
    exclude: param.list(param.text({ help: 'A layer.' }), {
      default: [],
      help: 'Layers that are not pruned; where none is named, the last one.',
    }),
    dataset: param.choice(presetNames, {
      default: 'mnist',
      help: 'What is trained and tested on.',
    }),
    epsilon: param.optional(
      param.number({
        min: 0.0001,
        max: 1,
        help: 'L∞ radius of attacks and noise, such as 2/255: what the network was trained for.',
      }),
      '0.3 on digits, 8/255 on photographs',
    ),
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
    const { hydra: ownHydra, data, ...usual } = datasets[dataset]
    const preset = presetAt<Preset>(usual.preset, p.epsilon)
    const exclude = p.exclude.length > 0 ? p.exclude : 'last'
    // A teacher is named after its file, unless several files have the same name.
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
    const { epsilon } = preset
    const known = {
      autoattack: autoAttack({ epsilon }),
      fgsm: fgsm({ epsilon }),
      pgd: pgd(preset.pgd),
      cw: pgd({ ...preset.pgd, loss: 'margin', name: 'cw' }),
    }
    const attacks = p.attacks.map((name) => known[name])

    return sweep(
      'compare',
      points,
      ({ teacher, method, rate }) => {
        const source = pipeline(`${teacher} ${method} ${rate}x`, data).pipe(
          loadTeacher(teachers.get(teacher) ?? teacher, { architecture, key: p.key, normalisation: p.normalisation }),
        )
        const pruned = build(method, {
          ...p,
          preset,
          hydra: ownHydra,
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
