import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nonEmpty } from '../support/expectEvery.js'
import { longer } from '../support/longer.js'
import { buildCommand, folderWith } from './commandLine.js'

/** Everything that changes during a run: momentum, Z, U and ρ, masks, noise, shuffled data, running statistics. */
const pipelineFile = `
import {
  admmMask, architecture, attackEval, batchNorm2d, blockNoise, conv2d, crossEntropy, exportModel, flatten, initialise,
  linear, maxPool2d, perturb, pgd, pipeline, relu, syntheticDigits,
} from 'pwoa'

const tiny = architecture('tiny', { height: 28, width: 28, channels: 1 }, [
  conv2d('c', { out: 2, kernel: 5, stride: 3 }), batchNorm2d('n'), relu(), maxPool2d({ kernel: 2 }), flatten(),
  linear('l', { out: 10 }),
])

export default pipeline('killed', syntheticDigits({ train: 96, test: 20, batchSize: 8 })).pipe(
  initialise(tiny),
  perturb(blockNoise({ epsilon: 0.3 })),
  crossEntropy(),
  admmMask({ pattern: 'irregular', rate: 4, epochs: 15, retrainEpochs: 15, updateEvery: 1 }),
  attackEval([pgd({ epsilon: 0.1, steps: 3, stepSize: 0.05 })], { every: 4, batchSize: 5 }),
  exportModel('killed.safetensors'),
)
`

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

/** Kills per chain, and the number of chains: two keep both cores of a small machine busy. */
const KILLS = longer(3, 25)
const CHAINS = 2

/** Reproducible numbers from 0 to 1, by a linear congruential generator. */
const numbers = (seed: number) => {
  let state = seed
  return (): number => {
    state = (1_103_515_245 * state + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

interface Life {
  /** Checkpoints that the run writes before it is killed; 0: it is killed as it starts. */
  readonly checkpoints: number
  /** Milliseconds between that and the kill. */
  readonly delay: number
}

const lifeOf = (random: () => number): Life =>
  random() < 0.2
    ? { checkpoints: 0, delay: 600 * random() }
    : { checkpoints: 1 + Math.floor(3 * random()), delay: 30 * random() }

/** The newest checkpoint's name; empty if no checkpoint was written. */
const newestIn = (folder: string): string =>
  existsSync(folder)
    ? (readdirSync(folder)
        .filter((name) => /^step-\d+\.safetensors$/.test(name))
        .sort()
        .at(-1) ?? '')
    : ''

/** Starts or resumes the run in `out` and kills it. Returns whether it was still running. */
const live = async (cwd: string, out: string, { checkpoints, delay }: Life): Promise<boolean> => {
  const { child, ended } = command.start(['killed.ts', ...common, ...placeOf(cwd, out)], cwd)
  const folder = join(cwd, out, 'checkpoints')
  const kill = (): void => void setTimeout(() => child.kill('SIGKILL'), delay)
  let last = newestIn(folder)
  let left = checkpoints
  if (left === 0) kill()
  const look = setInterval(() => {
    const newest = newestIn(folder)
    if (newest === last) return
    last = newest
    left -= 1
    if (left === 0) kill()
  }, 2)
  const { code, stderr } = await ended
  clearInterval(look)
  expect([null, 0], stderr).toContain(code)
  return code === null
}

/** A run that was killed before it had a plan restarts. */
const placeOf = (cwd: string, out: string): readonly string[] => {
  if (existsSync(join(cwd, out, 'plan.json'))) return ['--resume', out]
  rmSync(join(cwd, out), { recursive: true, force: true })
  return ['--out', out]
}

const common = ['--engine', 'wasm', '--quiet', '--checkpoint-every', '6']

/** Kills runs until there were enough, and lets the last one finish. Returns the folders of the finished runs. */
const chain = async (cwd: string, index: number): Promise<readonly string[]> => {
  const random = numbers(index)
  const whole: string[] = []
  let kills = 0
  while (kills < KILLS) {
    const out = `cut-${index}-${whole.length}`
    if (await live(cwd, out, lifeOf(random))) kills += 1
    else whole.push(out)
  }
  const last = `cut-${index}-${whole.length}`
  const ended = await command.run(['killed.ts', ...common, ...placeOf(cwd, last)], cwd)
  expect(ended).toMatchObject({ code: 0 })
  return [...whole, last]
}

const lossesIn = (folder: string): readonly unknown[] =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: undefined }))

test('a run that is killed repeatedly at any moment ends with the same files as an undisturbed one, bit for bit', async () => {
  const cwd = folderWith({ 'killed.ts': pipelineFile })
  expect(await command.run(['killed.ts', ...common, '--out', 'whole'], cwd)).toMatchObject({ code: 0 })
  const chains = await Promise.all(Array.from({ length: CHAINS }, (_, index) => chain(cwd, index + 1)))
  for (const out of nonEmpty(chains.flat())) {
    expect(lossesIn(join(cwd, out)), out).toEqual(lossesIn(join(cwd, 'whole')))
    for (const name of ['killed.safetensors', 'killed.masks.safetensors', 'attacks.jsonl'])
      expect(readFileSync(join(cwd, out, name)).equals(readFileSync(join(cwd, 'whole', name))), `${out} ${name}`).toBe(
        true,
      )
    expect(readdirSync(join(cwd, out)).filter((name) => /\.tmp$|\.damaged$|\.lock$/.test(name))).toEqual([])
  }
}, 600_000)
