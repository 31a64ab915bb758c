/**
 * npm run study -- mnist --data-dir DIR --checkpoints FILE[,FILE…] [--rates 16,32] [--runs DIR] [--workers 1]
 *     [--write]
 *
 * Runs one of the studies below, or some of its rates, by pipelines/compare.ts, with the given number of points at a time.
 * Finished points are not repeated and interrupted ones continue, so the study can be stopped at any time. With --write,
 * its table is written between the marks of docs/results/<study>.md, and its figures, its pictures and the result of each
 * point into files next to that page: a long study can continue from these on another machine. Times are reported only if
 * one point ran at a time.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))

const natural = ['naive', 'admm', 'hsic-only', 'distill-only', 'pwoa', 'perturbed', 'perturbed-learned', 'matched']
const adversarial = ['advPrune', 'apd', 'hydra']

/** Parameters of pipelines/compare.ts. */
const studies = {
  mnist: {
    dataset: 'mnist',
    architecture: 'mnistNet',
    methods: ['teacher', ...natural, ...adversarial],
    rates: [4, 8, 16, 32],
    epochs: 2,
    retrainEpochs: 4,
    examples: 1000,
  },
  cifar10: {
    dataset: 'cifar10',
    exclude: 'linear',
    methods: ['teacher', 'pwoa', 'learned', 'matched'],
    rates: [10, 20],
    epochs: 2,
    retrainEpochs: 4,
    examples: 500,
  },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'data-dir': { type: 'string' },
    checkpoints: { type: 'string' },
    runs: { type: 'string' },
    workers: { type: 'string', default: '1' },
    rates: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const [name = ''] = positionals
const study = studies[name]
if (!study || !values['data-dir'] || !values.checkpoints) {
  const names = Object.keys(studies).join('|')
  process.stderr.write(
    `usage: npm run study -- ${names} --data-dir DIR --checkpoints FILE[,FILE…] [--rates LIST] [--workers 1] [--write]\n`,
  )
  process.exit(2)
}

/** A table's columns without those that need an idle machine: points that run in parallel slow each other down. */
const withoutTimes = (table) => {
  const rows = table.split('\n').map((line) => line.split('|'))
  const isTime = rows[0].map((title) => /seconds|speed-up/.test(title))
  return rows.map((cells) => cells.filter((_, column) => !isTime[column]).join('|')).join('\n')
}

const results = join(root, 'docs', 'results')
const page = join(results, `${name}.md`)
const marks = /<!-- study -->.*<!-- \/study -->/s
if (values.write && !(existsSync(page) && marks.test(readFileSync(page, 'utf8')))) {
  process.stderr.write(`${page} has no <!-- study --> … <!-- /study --> to write into\n`)
  process.exit(1)
}

const beside = join(results, name)
const points = join(beside, 'points')
const runs = values.runs ?? join(root, 'runs', `study-${name}`)
const known = existsSync(points) ? readdirSync(points) : []
if (known.length > 0 && !existsSync(join(runs, 'plan.json'))) {
  mkdirSync(runs, { recursive: true })
  writeFileSync(join(runs, 'plan.json'), `${JSON.stringify({ sweep: 'compare' })}\n`)
}
for (const file of known) {
  const folder = join(runs, 'points', basename(file, '.json'))
  const summary = join(folder, 'summary.json')
  mkdirSync(folder, { recursive: true })
  if (!existsSync(summary)) copyFileSync(join(points, file), summary)
}
const part = values.rates === undefined ? {} : { rates: values.rates }
const settings = Object.entries({ checkpoints: values.checkpoints, ...study, ...part })
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'dist', 'cli', 'main.js'),
    join(root, 'pipelines', 'compare.ts'),
    ...['--data-dir', values['data-dir'], '--out', runs, '--workers', values.workers],
    ...settings.flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ],
  { stdio: 'inherit' },
)
if (status !== 0) process.exit(status ?? 1)

if (values.write) {
  const { points: done } = JSON.parse(readFileSync(join(runs, 'summary.json'), 'utf8'))
  const [cpu] = cpus()
  const alone = values.workers === '1'
  const [whole, caption] = readFileSync(join(runs, 'study.md'), 'utf8').trimEnd().split('\n\n')
  const table = alone ? whole : withoutTimes(whole)
  const machine = `Points at a time: ${values.workers}, on ${cpus().length} cores of ${cpu?.model ?? 'a processor without a name'}, node ${process.version}.`
  const between = `<!-- study -->\n\n${table}\n\n${caption} ${machine}\n\n<!-- /study -->`
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(marks, () => between),
  )
  mkdirSync(points, { recursive: true })
  const files = alone ? ['study.csv', 'study.json', 'robust-by-rate.svg', 'robust-by-time.svg'] : ['robust-by-rate.svg']
  for (const file of files) if (existsSync(join(runs, file))) copyFileSync(join(runs, file), join(beside, file))
  for (const { key } of done) copyFileSync(join(runs, 'points', key, 'summary.json'), join(points, `${key}.json`))
}
