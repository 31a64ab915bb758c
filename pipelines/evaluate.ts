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
  PwoaFailure,
  param,
  parameters,
  pgd,
  pipeline,
  presets,
  readingParameters,
  type Shard,
  shards,
  square,
  syntheticDigits,
} from 'pwoa'

const datasets = { mnist, cifar10, cifar100, syntheticDigits }

interface Threat {
  readonly epsilon: number
  readonly norm: NormName
  /** For the attacks on the cross entropy. */
  readonly underflow: 'rescale' | undefined
  /** PGD as in papers on these data: its steps, and how many of them span the radius. */
  readonly published: { readonly steps: number; readonly perRadius: number }
}

/** A ball without the published PGD, for attacks that choose their own steps. */
const ball = ({ epsilon, norm }: Threat) => ({ epsilon, norm })

/** The ball, for the attacks on the cross entropy. */
const onEntropy = (threat: Threat) => ({ ...ball(threat), underflow: threat.underflow })

/** PGD in so many steps, of the published part of the radius unless `part` is given. */
const steps = (threat: Threat, count = threat.published.steps, part = threat.published.perRadius) => ({
  ...ball(threat),
  steps: count,
  stepSize: threat.epsilon / part,
})

const attacks = {
  autoattack: (threat: Threat) => autoAttack(ball(threat)),
  'autoattack-plus': (threat: Threat) => autoAttack({ ...ball(threat), version: 'plus', name: 'autoattack-plus' }),
  'apgd-ce': (threat: Threat) => apgd(onEntropy(threat)),
  'apgd-dlr': (threat: Threat) => apgd({ ...ball(threat), loss: 'dlr' }),
  'apgd-t': (threat: Threat) => apgdTargeted(ball(threat)),
  fab: (threat: Threat) => fab(ball(threat)),
  'fab-t': (threat: Threat) => fabTargeted(ball(threat)),
  square: (threat: Threat) => square(ball(threat)),
  fgsm: (threat: Threat) => fgsm(onEntropy(threat)),
  pgd: (threat: Threat) => pgd({ ...steps(threat), ...onEntropy(threat) }),
  pgd10: (threat: Threat) => pgd({ ...steps(threat, 10, 4), ...onEntropy(threat), name: 'pgd10' }),
  pgd20: (threat: Threat) => pgd({ ...steps(threat, 20, 4), ...onEntropy(threat), name: 'pgd20' }),
  pgd100: (threat: Threat) => pgd({ ...steps(threat, 100, 30), ...onEntropy(threat), name: 'pgd100' }),
  'pgd-margin': (threat: Threat) => pgd({ ...steps(threat), loss: 'margin', name: 'pgd-margin' }),
  'cw-l2': () => cwL2(),
}

const names = Object.keys(attacks) as (keyof typeof attacks)[]

/**
 * Attacks a network without training it: the summary has only `before`. `attacks.jsonl` has the outcome of each example. In
 * shards, `--workers` and `--queue` distribute the work, and the run `shard=all` has the figures.
 */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The network: PyTorch, safetensors or ONNX.' }),
    architecture: param.optional(
      param.choice(architectureNames, { help: 'What the checkpoint is of; its sizes are read off it.' }),
      'what the file says, or the only network with a name that it fits',
    ),
    ...readingParameters,
    dataset: param.choice(['mnist', 'cifar10', 'cifar100', 'syntheticDigits'], {
      default: 'mnist',
      help: 'Where the test images are from.',
    }),
    examples: param.integer({ default: 1000, min: 1, unit: 'images', help: 'The first so many test images.' }),
    attacks: param.list(param.choice(names, { help: 'An attack; pgd takes 40 steps on digits, 10 on CIFAR.' }), {
      default: ['autoattack', 'pgd'],
      min: 1,
      help: 'Attacks, separated by commas; the figure to quote is autoattack.',
    }),
    epsilon: param.optional(
      param.number({ min: 0.0001, help: 'Radius, such as 8/255; images are in [0, 1]. cw-l2 has none.' }),
      '0.3 on digits, 8/255 on CIFAR; in L2 it must be given',
    ),
    norm: param.choice(['Linf', 'L2'], { default: 'Linf', help: 'How a perturbation is measured.' }),
    underflow: param.optional(
      param.choice(['rescale'], { help: 'Rescales logits where the softmax underflows: fgsm, pgd and apgd-ce.' }),
      'the gradient in float32, as in published figures',
    ),
    batchSize: param.integer({ default: 250, min: 1, unit: 'images', help: 'Images attacked at once.' }),
    pictures: param.integer({ default: 0, min: 0, max: 100, unit: 'images', help: 'Drawn in attacks.svg.' }),
    shards: param.integer({ default: 1, min: 1, help: 'Parts to share out, of four batches at least; 1 is one run.' }),
  }),
  ({
    checkpoint,
    architecture,
    key,
    dataset,
    normalisation,
    examples,
    epsilon,
    norm,
    underflow,
    batchSize,
    pictures,
    ...p
  }) => {
    const preset = presets[dataset]
    const { pgd: published } = preset
    if (norm === 'L2' && epsilon === undefined)
      throw new PwoaFailure({
        _tag: 'OptionError',
        stage: '--set epsilon',
        expected: 'a radius with norm=L2',
        actual: 'none',
        hint: 'The published radii are of L∞; in L2, 0.5 is usual on CIFAR and 2 on digits.',
      })
    const threat = {
      norm,
      underflow,
      epsilon: epsilon ?? preset.epsilon,
      published: { steps: published.steps, perRadius: Math.round(published.epsilon / published.stepSize) },
    }
    const evaluation = (shard?: Shard) =>
      pipeline('evaluate', datasets[dataset]()).pipe(
        loadTeacher(checkpoint, { architecture, key, normalisation }),
        attackEval(
          p.attacks.map((name) => attacks[name](threat)),
          { examples, batchSize, pictures, shard },
        ),
      )
    return p.shards === 1 ? evaluation() : shards('evaluate', p.shards, evaluation)
  },
)
