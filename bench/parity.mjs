/**
 * npm run parity -- --data-dir DIR --checkpoints DIR --golden DIR [--official FILE]
 *
 * Our AutoAttack compared with the official one's results in GOLDEN (autoattack_mnist_*.json): accuracy after each stage, and
 * which examples survive. FILE holds lines of `autoattack_official.py` for more seeds; ours are then run with the same.
 * Writes docs/results/attacks.md. Finished runs are not repeated, and interrupted ones continue.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const stages = ['apgd-ce', 'apgd-t', 'fab-t', 'square']

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    checkpoints: { type: 'string' },
    golden: { type: 'string' },
    official: { type: 'string' },
    runs: { type: 'string', default: join(root, 'runs', 'parity') },
  },
})
if (!values['data-dir'] || !values.checkpoints || !values.golden) {
  process.stderr.write('usage: npm run parity -- --data-dir DIR --checkpoints DIR --golden DIR [--official FILE]\n')
  process.exit(2)
}

/** The examples that survive each of the attacks. The evaluation is run unless its results exist. */
const ours = (checkpoint, examples, seed, attacks) => {
  const folder = join(values.runs, `${checkpoint}-${examples}-${seed}-${attacks.replaceAll(',', '-')}`)
  if (!existsSync(join(folder, 'summary.json'))) {
    const place = existsSync(join(folder, 'plan.json')) ? ['--resume', folder] : ['--out', folder]
    const settings = [
      `checkpoint=${join(values.checkpoints, checkpoint)}`,
      'architecture=mnistNet',
      `examples=${examples}`,
      `attacks=${attacks}`,
    ]
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, 'dist', 'cli', 'main.js'),
        join(root, 'pipelines', 'evaluate.ts'),
        ...['--data-dir', values['data-dir'], '--seed', String(seed)],
        ...settings.flatMap((setting) => ['--set', setting]),
        ...place,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    if (status !== 0) process.exit(status ?? 1)
  }
  const outcomes = readFileSync(join(folder, 'attacks.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  const order = ['clean', ...stages]
  const standing = (stage) =>
    outcomes
      .filter(({ brokenBy }) => brokenBy === null || order.indexOf(brokenBy) > order.indexOf(stage))
      .map(({ index }) => index)
  return { standing, summary: JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) }
}

const percent = (fraction, digits = 1) => (100 * fraction).toFixed(digits)

const againstGolden = (name) => {
  const { model, n, seed, stages: found } = JSON.parse(readFileSync(join(values.golden, name), 'utf8'))
  const { standing } = ours(`${model}.pth`, n, seed, 'autoattack')
  return found.map(({ attack, surviving }) => {
    const mine = standing(attack)
    const theirs = new Set(surviving)
    const both = mine.filter((index) => theirs.has(index)).length
    const agree = 1 - (mine.length + theirs.size - 2 * both) / n
    return [`\`${model}\``, n, seed, attack, percent(surviving.length / n), percent(mine.length / n), percent(agree)]
  })
}

const table = (head, rows) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length

const overSeeds = (lines) => {
  const keyOf = ({ checkpoint, stage }) => `${checkpoint} ${stage}`
  return [...new Set(lines.map(keyOf))].map((key) => {
    const theirs = lines.filter((line) => keyOf(line) === key)
    const [{ checkpoint, stage }] = theirs
    const examples = Math.max(...theirs.map(({ examples }) => examples))
    const attacks = stages.slice(0, stages.indexOf(stage) + 1).join(',')
    const mine = theirs.map(({ seed }) => ours(checkpoint, examples, seed, attacks).standing(stage).length / examples)
    const range = (all) => `${percent(mean(all), 2)} (${percent(Math.min(...all))}–${percent(Math.max(...all))})`
    return [`\`${checkpoint}\``, examples, theirs.length, stage, range(theirs.map(({ robust }) => robust)), range(mine)]
  })
}

const golden = readdirSync(values.golden).filter((name) => /^autoattack_mnist_.*\.json$/.test(name))
const rows = golden.sort().flatMap(againstGolden)
const lines = values.official
  ? readFileSync(values.official, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  : []

const seeds =
  lines.length === 0
    ? ''
    : `
## Over seeds

Robust accuracy in percent, mean and range. Both codes draw their own random starts. The official code varies from seed to seed as ours does.

${table(['checkpoint', 'examples', 'seeds', 'after', 'official', 'ours'], overSeeds(lines))}

The official figures come from

\`\`\`sh
python3 bench/autoattack_official.py --autoattack DIR --data-dir DIR --checkpoint FILE --examples N --seed S --stages apgd-ce,apgd-t
\`\`\`

With our starting points (\`node bench/apgdStarts.mjs FILE --seed S\`, then \`--starts FILE\`) the official APGD-CE breaks the same examples as ours: on the first 1,000 images, \`mnist_fastat_pgd\`, seeds 0 and 4, not one example differs.
`

const page = `# AutoAttack compared with the official code

Public MNIST networks, L∞, ε = 0.3, the first test images, version \`standard\`. Written by

\`\`\`sh
npm run parity -- --data-dir DIR --checkpoints DIR --golden DIR${values.official ? ' --official FILE' : ''}
\`\`\`

\`--golden\` is a folder of files with the official code's own results (commit a392200 of fra31/auto-attack), \`--official\` a file of lines that its script below printed; neither is in the repository. The table shows robust accuracy after each attack, and the share of examples with the same outcome, surviving in both or broken in both:

${table(['checkpoint', 'examples', 'seed', 'after', 'official %', 'ours %', 'same outcome %'], rows)}
${seeds}`
writeFileSync(join(root, 'docs', 'results', 'attacks.md'), page)
process.stdout.write(page)
