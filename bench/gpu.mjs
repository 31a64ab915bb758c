/**
 * `npm run gpu`: the check of the GPU path on a machine that has one. Without a GPU, or without the CUDA build, it says what
 * is missing and ends with 1.
 *
 * Golden values and laws on the GPU; 20 steps of both networks, compared with PyTorch there if torch is installed
 * (`PWOA_BENCH_PYTHON` names the Python); memory over 200 steps; a resumed run, bit for bit; AutoAttack on 200 images, on
 * the GPU and on the processor. Writes the table into docs/results/gpu.md. `-- --rehearse` does all of it in small on the
 * processor, and writes nothing: it shows that the check itself works.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, setUp } from '../scripts/setup.mjs'
import { bundle } from './bundle.mjs'
import { answerOf } from './runs.mjs'

await setUp()

const { values } = parseArgs({ options: { rehearse: { type: 'boolean', default: false } } })
const engine = values.rehearse ? 'tensorflow' : 'gpu'
const steps = values.rehearse ? 2 : 20
const models = values.rehearse ? ['mnistNet'] : ['mnistNet', 'resnet18']
const say = (line) => process.stderr.write(`gpu: ${line}\n`)

const { gpuFacts } = await import('../dist/engine/load/onGpu.js')
const { chooseGpu } = await import('../dist/engine/gpu/chooseGpu.js')
const { gpuFinding } = await import('../dist/runtime/doctor/gpuFinding.js')
const facts = gpuFacts()
const choice = chooseGpu(facts)
if (!values.rehearse && 'reason' in choice) {
  say(`nothing was checked: ${choice.reason}`)
  process.exit(1)
}
const device = values.rehearse ? 'a rehearsal on the processor' : gpuFinding(facts).says
say(device)

const folder = mkdtempSync(join(tmpdir(), 'pwoa-gpu-'))
const rows = []
let failures = 0
const row = (what, found, isRight = true) => {
  rows.push(`| ${what} | ${found} |`)
  if (!isRight) failures++
  say(`${what}: ${found}`)
}

/** One part of the check; if it fails, the others still run. */
const part = (what, check) => {
  try {
    check()
  } catch (thrown) {
    row(
      what,
      `failed: ${String(thrown.message ?? thrown)
        .trim()
        .split('\n')
        .at(-1)}`,
      false,
    )
  }
}

const tests = (what, paths) => {
  const report = join(folder, 'tests.json')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const env = { ...process.env, PWOA_TEST_DEVICE: engine, PWOA_TEST_RULES: 'gpu', PWOA_TEST_REPORT: report }
  spawnSync(process.execPath, [vitest, 'run', '--project', 'tensorflow', ...paths], { cwd: root, env, stdio: 'ignore' })
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  )
  row(what, `${numPassedTests} passed, ${numFailedTests} failed`, numFailedTests === 0 && numPassedTests > 0)
  for (const { fullName } of failed) say(`failed: ${fullName}`)
}

const python = process.env.PWOA_BENCH_PYTHON ?? 'python3'
const script = join(root, '..', 'shared', 'bench', 'pytorch_step.py')
const torchSees = () =>
  existsSync(script) &&
  spawnSync(python, ['-c', 'import torch, sys; sys.exit(not torch.cuda.is_available())']).status === 0

const side = await bundle(['stepSide'])
const withTorch = !values.rehearse && torchSees()
const torchNames = { mnistNet: 'mnist_net', resnet18: 'resnet18' }

const time = (model, work) => {
  const load = ['--batch', '128', '--batches', '4', '--warmup', '3', '--steps', String(steps)]
  const own = answerOf(join(side, 'stepSide.mjs'), '--model', model, '--work', work, '--engine', engine, ...load)
  const torch = withTorch
    ? JSON.parse(
        spawnSync(python, [script, '--model', torchNames[model], '--step', work, '--device', 'cuda', '--steps', '20'], {
          encoding: 'utf8',
        }).stdout,
      ).median_s
    : undefined
  const beside =
    torch === undefined
      ? 'no torch with CUDA here'
      : `PyTorch ${(1000 * torch).toFixed(1)} ms, ratio ${(own.seconds / torch).toFixed(2)}`
  row(`${model}, ${work} step, 128 images`, `${(1000 * own.seconds).toFixed(1)} ms; ${beside}`)
}

const besides = join(root, 'bench', 'gpuSide.mjs')
part('golden values and laws', () =>
  tests(
    'golden values and laws',
    values.rehearse ? ['test/engine/gpu'] : ['test/golden', 'test/laws', 'test/engine', 'test/training'],
  ),
)
for (const model of models)
  for (const work of ['admm', 'retrain']) part(`${model}, ${work} step`, () => time(model, work))
part('memory', () => {
  const { early, late, isFlat } = answerOf(besides, 'memory', engine, folder)
  row('tensors and bytes after 20 and after 200 steps', `${early.join(', ')} and ${late.join(', ')}`, isFlat)
})
part('a resumed run', () => {
  const { isSame } = answerOf(besides, 'resume', engine, folder)
  row('a run stopped at step 9 and resumed', isSame ? 'the same weights, bit for bit' : 'other weights', isSame)
})
part('AutoAttack', () => {
  for (const name of values.rehearse ? [] : [engine, 'tensorflow']) {
    const { seconds, after } = answerOf(besides, 'attack', name, folder)
    row(`AutoAttack on 200 images, ${name}`, `${seconds.toFixed(1)} s; ${JSON.stringify(after)}`)
  }
})
rmSync(folder, { recursive: true, force: true })

if (!values.rehearse) {
  const place = join(root, 'docs', 'results', 'gpu.md')
  const heading = `## On hardware\n\n${device}; ${new Date().toISOString().slice(0, 10)}, by \`npm run gpu\`.\n`
  const [before] = readFileSync(place, 'utf8').split('## On hardware')
  writeFileSync(place, `${before}${heading}\n| what | found |\n| --- | --- |\n${rows.join('\n')}\n`)
  say(`written: ${place}`)
}
say(failures === 0 ? 'all parts hold' : `${failures} ${failures === 1 ? 'part does' : 'parts do'} not hold`)
process.exit(failures === 0 ? 0 : 1)
