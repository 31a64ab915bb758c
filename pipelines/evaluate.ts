import {
  architectureNames,
  attackEval,
  definePipeline,
  fgsm,
  loadTeacher,
  mnist,
  param,
  parameters,
  pgd,
  pipeline,
  syntheticDigits,
} from 'pwoa'

const datasets = { mnist, syntheticDigits }
const attacks = {
  fgsm: (epsilon: number) => fgsm({ epsilon }),
  pgd: (epsilon: number) => pgd({ epsilon, steps: 40, stepSize: epsilon / 30 }),
  pgd100: (epsilon: number) => pgd({ epsilon, steps: 100, stepSize: epsilon / 30, name: 'pgd100' }),
}

/** Attacks a network as it is: the summary has `before` only. */
export default definePipeline(
  parameters({
    checkpoint: param.text({ help: 'The network: a PyTorch checkpoint or safetensors.' }),
    architecture: param.choice(architectureNames, { default: 'mnistNet', help: 'What the checkpoint is of.' }),
    dataset: param.choice(['mnist', 'syntheticDigits'], { default: 'mnist', help: 'Where the test images are from.' }),
    examples: param.integer({ default: 1000, min: 1, unit: 'images', help: 'The first so many test images.' }),
    attacks: param.list(param.choice(['fgsm', 'pgd', 'pgd100'], { help: 'An attack; pgd takes 40 steps.' }), {
      default: ['fgsm', 'pgd'],
      help: 'Attacks, separated by commas; pgd takes 40 steps.',
    }),
    epsilon: param.number({ default: 0.3, min: 0.001, max: 1, help: 'L∞ radius; images are in [0, 1].' }),
  }),
  (p) =>
    pipeline('evaluate', datasets[p.dataset]()).pipe(
      loadTeacher(p.checkpoint, { architecture: p.architecture }),
      attackEval(
        p.attacks.map((name) => attacks[name](p.epsilon)),
        { examples: p.examples },
      ),
    ),
)
