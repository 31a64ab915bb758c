import {
  apgd,
  apgdTargeted,
  architectureNames,
  attackEval,
  autoAttack,
  cifar10,
  cifar100,
  cwL2,
  definePipeline,
  fab,
  fabTargeted,
  fgsm,
  loadTeacher,
  mnist,
  type NormName,
  param,
  parameters,
  pgd,
  pipeline,
  type Shard,
  shards,
  square,
  syntheticDigits,
} from 'pwoa'

const datasets = { mnist, cifar10, cifar100, syntheticDigits }

type Threat = { readonly epsilon: number; readonly norm: NormName }

/** PGD as in papers: 40 steps of a thirtieth of the radius on MNIST, 10 or 20 steps of a quarter of it on CIFAR. */
const steps = (count: number, part: number, { epsilon, norm }: Threat) => ({
  epsilon,
  norm,
  steps: count,
  stepSize: epsilon / part,
})

const attacks = {
  autoattack: (threat: Threat) => autoAttack(threat),
  'autoattack-plus': (threat: Threat) => autoAttack({ ...threat, version: 'plus', name: 'autoattack-plus' }),
  'apgd-ce': (threat: Threat) => apgd(threat),
  'apgd-dlr': (threat: Threat) => apgd({ ...threat, loss: 'dlr' }),
  'apgd-t': (threat: Threat) => apgdTargeted(threat),
  fab: (threat: Threat) => fab(threat),
  'fab-t': (threat: Threat) => fabTargeted(threat),
  square: (threat: Threat) => square(threat),
  fgsm: (threat: Threat) => fgsm(threat),
  pgd: (threat: Threat) => pgd(steps(40, 30, threat)),
  pgd10: (threat: Threat) => pgd({ ...steps(10, 4, threat), name: 'pgd10' }),
  pgd20: (threat: Threat) => pgd({ ...steps(20, 4, threat), name: 'pgd20' }),
  pgd100: (threat: Threat) => pgd({ ...steps(100, 30, threat), name: 'pgd100' }),
  'pgd-margin': (threat: Threat) => pgd({ ...steps(40, 30, threat), loss: 'margin', name: 'pgd-margin' }),
  'cw-l2': () => cwL2(),
}

const names = Object.keys(attacks) as (keyof typeof attacks)[]

/**
 * Attacks a network without training it: the summary has only `before`. `attacks.jsonl` has the outcome of each example. In
 * shards, `--workers` and `--queue` distribute the work, and the run `shard=all` has the figures.
 */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The network: a PyTorch checkpoint or safetensors.' }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoint is of; a file of exportModel says so itself.' }),
      'what the file says',
    ),
    dataset: param.choice(['mnist', 'cifar10', 'cifar100', 'syntheticDigits'], {
      default: 'mnist',
      help: 'Where the test images are from.',
    }),
    mean: param.list(param.number({ help: 'One for each channel.' }), {
      default: [],
      help: 'What the training code subtracted from images outside of the network, and',
    }),
    std: param.list(param.number({ help: 'One for each channel.' }), { default: [], help: 'what it divided them by.' }),
    examples: param.integer({ default: 1000, min: 1, unit: 'images', help: 'The first so many test images.' }),
    attacks: param.list(param.choice(names, { help: 'An attack; pgd takes 40 steps.' }), {
      default: ['autoattack', 'pgd'],
      min: 1,
      help: 'Attacks, separated by commas; the figure to quote is autoattack.',
    }),
    epsilon: param.number({ default: 0.3, min: 0.001, help: 'Radius; images are in [0, 1]. cw-l2 has none.' }),
    norm: param.choice(['Linf', 'L2'], { default: 'Linf', help: 'How a perturbation is measured.' }),
    batchSize: param.integer({ default: 250, min: 1, unit: 'images', help: 'Images attacked at once.' }),
    pictures: param.integer({ default: 0, min: 0, max: 100, unit: 'images', help: 'Drawn in attacks.svg.' }),
    shards: param.integer({ default: 1, min: 1, help: 'Parts to share out, of four batches at least; 1 is one run.' }),
  }),
  ({ checkpoint, architecture, dataset, mean, std, examples, epsilon, norm, batchSize, pictures, ...p }) => {
    const evaluation = (shard?: Shard) =>
      pipeline('evaluate', datasets[dataset]()).pipe(
        loadTeacher(checkpoint, {
          ...(architecture === undefined ? {} : { architecture }),
          ...(mean.length + std.length > 0 ? { normalisation: { mean, std } } : {}),
        }),
        attackEval(
          p.attacks.map((name) => attacks[name]({ epsilon, norm })),
          { examples, batchSize, pictures, shard },
        ),
      )
    return p.shards === 1 ? evaluation() : shards('evaluate', p.shards, evaluation)
  },
)
