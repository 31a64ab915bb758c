/**
 * npm run study -- --data-dir DIR --checkpoint FILE
 *
 * Prunes the public MNIST network by both methods at 4x, 8x and 16x, one `pwoa-run` after the other, and writes
 * docs/results/mnist.md and the summaries beside it. A run that is finished is not repeated and one that was
 * interrupted goes on, so the study may be stopped at any time.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const methods = ['published', 'perturbed']
const rates = [4, 8, 16]
const examples = 500

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    checkpoint: { type: 'string' },
    runs: { type: 'string', default: join(root, 'runs', 'study') },
  },
})
if (!values['data-dir'] || !values.checkpoint) {
  process.stderr.write('usage: npm run study -- --data-dir DIR --checkpoint mnist_fastat_pgd.pth\n')
  process.exit(2)
}

const percent = (fraction) => (100 * fraction).toFixed(1)

const summaryOf = (method, rate) => {
  const folder = join(values.runs, `${method}-${rate}x`)
  const file = join(folder, 'summary.json')
  if (!existsSync(file)) {
    const place = existsSync(join(folder, 'checkpoints')) ? ['--resume', folder] : ['--out', folder]
    const settings = [`checkpoint=${values.checkpoint}`, `method=${method}`, `rate=${rate}`, `examples=${examples}`]
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, 'dist', 'cli', 'main.js'),
        join(root, 'pipelines', 'mnist.ts'),
        ...['--data-dir', values['data-dir']],
        ...settings.flatMap((setting) => ['--set', setting]),
        ...place,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    if (status !== 0) process.exit(status ?? 1)
  }
  const summary = JSON.parse(readFileSync(file, 'utf8'))
  return { ...summary, params: { ...summary.params, checkpoint: basename(summary.params.checkpoint) } }
}

const row = (label, { clean, attacks }, kept, seconds) =>
  `| ${label} | ${percent(clean)} | ${percent(attacks.autoattack)} | ${percent(attacks.pgd)} | ${percent(attacks.fgsm)} | ${kept} | ${seconds} |`

const summaries = methods.flatMap((method) => rates.map((rate) => ({ method, rate, ...summaryOf(method, rate) })))
const [first] = summaries
const page = `# MNIST: a public robust network, pruned

\`${first.params.checkpoint}\` (fast_adversarial's mnist_net, PGD-trained, ε = 0.3), pruned irregularly in all layers but the last; ${first.params.epochs} ADMM + ${first.params.retrainEpochs} retraining epochs, batch ${first.params.batchSize}, seed ${first.seed}, ${first.engine} engine. Attacks with ε = ${first.params.epsilon} on the first ${first.before.examples} images of the MNIST test set: AutoAttack \`standard\`, PGD with 40 steps of 0.01 from a random start, FGSM. Written by

\`\`\`sh
npm run study -- --data-dir DIR --checkpoint ${first.params.checkpoint}
\`\`\`

| run | clean % | AutoAttack % | PGD-40 % | FGSM % | parameters kept | seconds |
|---|---|---|---|---|---|---|
${row('before', first.before, '100 %', '')}
${summaries
  .map(({ method, rate, after, parameters: { kept, total }, seconds }) =>
    row(
      `\`method=${method} rate=${rate}\``,
      after,
      `${kept.toLocaleString('en')} (${percent(kept / total)} %)`,
      Math.round(seconds.total - seconds.evaluation),
    ),
  )
  .join('\n')}

\`published\` is PwoA as the paper has it: natural images, one rate for all layers, HSIC in the retraining. \`perturbed\` adds random block noise of radius ε to every minibatch, keeps the first layer whole and the second at most 4x, and solves the third for the same overall rate. Neither ever sees an adversarial example.

Seconds are of pruning, without the attacks. One run each, so a difference of a point or two says little. The figure to quote is AutoAttack's: PGD flatters pruned networks, and here one can see by how much.

The summaries of the runs stand beside this page.
`
const results = join(root, 'docs', 'results')
mkdirSync(join(results, 'mnist'), { recursive: true })
for (const { method, rate, ...summary } of summaries)
  writeFileSync(join(results, 'mnist', `${method}-${rate}x.json`), `${JSON.stringify(summary, null, 2)}\n`)
writeFileSync(join(results, 'mnist.md'), page)
process.stdout.write(page)
