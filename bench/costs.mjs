/**
 * What the paper's schedule takes on this machine: `node bench/costs.mjs --data-dir DIR --checkpoints DIR [--engine NAME]
 * [--write]`, after a build. `pwoa-run FILE --plan --measure` measures each network: a few steps and batches, from which the
 * whole is calculated. DIR holds the folders mnist and cifar10, and the public checkpoints; ResNet-18 and VGG-16 have random
 * weights, which cost the same. With --write, the table is written into docs/costs.md.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { grey } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const { values: given } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    checkpoints: { type: 'string' },
    engine: { type: 'string', default: 'auto' },
    write: { type: 'boolean', default: false },
  },
})
if (!given['data-dir'] || !given.checkpoints) throw new Error('--data-dir and --checkpoints are needed')

const folder = mkdtempSync(join(tmpdir(), 'pwoa-costs-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** A network of random weights as a file. */
const randomNetwork = async (name) => {
  const { crossEntropy, exportModel, initialise, pipeline, resnet18, train, vgg16bn } = await import('../dist/index.js')
  const networks = { resnet18, vgg16bnPwoa: () => vgg16bn({ release: 'pwoa' }) }
  const out = join(folder, name)
  await pipeline(name, grey(16, 16))
    .pipe(initialise(networks[name]()), crossEntropy(), train({ epochs: 1 }), exportModel('network.safetensors'))
    .run({ out }).summary
  return join(out, 'network.safetensors')
}

const paper = ['epochs=50', 'retrainEpochs=100', 'examples=1000']

/** The networks: the pipeline file that prunes each, its data, and its parameters. */
const rows = [
  {
    network: 'mnistNet (166,406 parameters)',
    file: 'mnist',
    data: 'mnist',
    set: [`checkpoint=${join(given.checkpoints, 'mnist_fastat_pgd.pth')}`, 'method=published', ...paper],
  },
  {
    network: 'resnet2b (112,006 parameters)',
    file: 'cifar10',
    data: 'cifar10',
    set: [
      `checkpoint=${join(given.checkpoints, 'cifar10', 'resnet2b_model_best.pth')}`,
      'architecture=resnet2b',
      'epsilon=2/255',
      ...paper,
    ],
  },
  { network: 'ResNet-18', file: 'cifar10', data: 'cifar10', random: 'resnet18', set: paper },
  { network: 'VGG-16', file: 'cifar10', data: 'cifar10', random: 'vgg16bnPwoa', set: paper },
]

const measured = async ({ file, data, set, random }) => {
  const own = random ? [`checkpoint=${await randomNetwork(random)}`, `architecture=${random}`] : []
  const args = [...own, ...set].flatMap((one) => ['--set', one])
  const more = [
    '--plan',
    '--measure',
    '--json',
    '--quiet',
    '--engine',
    given.engine,
    '--data-dir',
    join(given['data-dir'], data),
  ]
  const { status, stdout, stderr } = spawnSync('node', [join(root, 'dist/cli/main.js'), file, ...more, ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout).cost
}

const hours = (seconds) => (seconds < 360 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`)
const sum = (values) => values.reduce((total, value) => total + value, 0)

const lines = []
let engine = ''
for (const row of rows) {
  const {
    measured: [{ cost }],
    seconds,
    memory,
  } = await measured(row)
  engine = cost.engine
  const cells = ['admm', 'retrain'].flatMap((name) => {
    const phase = cost.phases.find((one) => one.phase === name)
    return [`${(1000 * phase.secondsPerStep).toFixed(0)} ms`, hours(phase.seconds)]
  })
  const evaluation = sum(cost.evaluations.map((one) => one.times * one.seconds))
  lines.push(
    `| ${[row.network, ...cells, row.random ? '–' : hours(evaluation), hours(row.random ? seconds - evaluation : seconds), `${(memory / 2 ** 30).toFixed(1)} GiB`].join(' | ')} |`,
  )
  process.stderr.write(`${lines.at(-1)}\n`)
}

const table = [
  `Measured on ${availableParallelism()} cores of ${cpus()[0].model.trim()}, engine ${engine}, Node ${process.version}, minibatches of 128:`,
  '',
  '| network | ADMM step | 50 epochs | retraining step | 100 epochs | evaluations | in all | memory |',
  '|---|---:|---:|---:|---:|---:|---:|---:|',
  ...lines,
].join('\n')
process.stdout.write(`${table}\n`)

if (given.write) {
  const page = join(root, 'docs/costs.md')
  const [begin, end] = ['<!-- costs -->', '<!-- end of costs -->']
  const text = readFileSync(page, 'utf8')
  const [before, rest] = text.split(begin)
  writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${rest.split(end)[1]}`)
}
