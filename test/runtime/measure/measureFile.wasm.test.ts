/** What whole runs take, calculated from a few steps and batches that are really made. */
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { right } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  admmMask,
  adversarial,
  architecture,
  attackEval,
  autoAttack,
  conv2d,
  crossEntropy,
  type DataSource,
  earlyStop,
  exportModel,
  flatten,
  heldOut,
  initialise,
  limit,
  linear,
  pgd,
  pipeline,
  relu,
  sweep,
  train,
} from '../../../src/index.js'
import { measureFile } from '../../../src/runtime/measure/measureFile.js'
import { expectEvery } from '../../support/expectEvery.js'

const size = 4
const split = (count: number) => ({
  count,
  images: Uint8Array.from({ length: count * size * size }, (_, i) => (7 * i) % 256),
  labels: Uint16Array.from({ length: count }, (_, i) => i % 3),
})

const source: DataSource = {
  name: 'tiny',
  config: {},
  batchSize: 10,
  open: () => async () =>
    right({
      name: 'tiny',
      origin: 'synthetic',
      classes: 3,
      shape: { height: size, width: size, channels: 1 },
      train: split(205),
      test: split(90),
    }),
}

const network = architecture('tiny', { height: size, width: size, channels: 1 }, [
  conv2d('a', { out: 2, kernel: 3, padding: 1 }),
  relu(),
  flatten(),
  linear('b', { out: 3 }),
])

const epsilon = 0.1
const attack = pgd({ epsilon, steps: 3, stepSize: 0.05 })
const begun = pipeline('whole', source).pipe(initialise(network), adversarial(attack), crossEntropy())
const pruned = begun.pipe(
  admmMask({ pattern: 'irregular', rate: 2, epochs: 50, retrainEpochs: 7 }),
  attackEval([autoAttack({ epsilon }), attack], { examples: 80, every: 3 }),
  exportModel('network.onnx'),
)
const options = { engine: 'wasm' } as const

const foldersLeft = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('pwoa-measure-'))

describe('measuring a run', () => {
  test('counts the steps and images of the whole run, and leaves no files', async () => {
    const before = foldersLeft()
    const { measured, seconds, runs } = await measureFile(pruned, options)
    const [{ cost } = { cost: undefined }] = measured
    expect([measured.length, runs, cost?.engine]).toEqual([1, 1, expect.stringContaining('wasm')])
    expect(cost?.phases.map(({ phase, epochs, steps }) => [phase, epochs, steps])).toEqual([
      ['admm', 50, 50 * 21],
      ['retrain', 7, 7 * 21],
    ])
    const parts = ['clean', 'apgd-ce', 'apgd-t', 'fab-t', 'square', attack.name]
    // 50 / 3 and 7 / 3 evaluations in between, and one at the end; a new network has none before.
    expect(cost?.evaluations.map(({ subject, part, examples, times }) => [subject, part, examples, times])).toEqual(
      parts.map((part) => ['after', part, 80, 16 + 2 + 1]),
    )
    const all = [...(cost?.phases ?? []), ...(cost?.evaluations ?? [])]
    expectEvery(all, (part) => part.seconds > 0 && part.memory > 1e6)
    const longest = Math.max(...all.map((part) => part.seconds))
    expect(seconds).toBeGreaterThan(longest)
    expect(foldersLeft()).toEqual(before)
    expect(existsSync('runs/whole (quick trial)')).toBe(false)
  })

  test('counts a limit, and each epoch of early stopping with all images that are held out', async () => {
    const stopped = pipeline('stopped', heldOut(source, 75)).pipe(
      initialise(network),
      crossEntropy(),
      limit({ steps: 40 }),
      train({ epochs: 9 }),
      earlyStop(attack),
    )
    const { measured } = await measureFile(stopped, options)
    const [{ cost } = { cost: undefined }] = measured
    expect(cost?.phases.map(({ steps }) => steps)).toEqual([40])
    expect(cost?.evaluations).toMatchObject([{ stage: 'validation', subject: 'epoch', examples: 75, times: 9 }])
  })

  test('fails as the run would', async () => {
    const wrong = begun.pipe(admmMask({ pattern: 'irregular', rate: 2 }), attackEval([attack], { examples: 91 }))
    await expect(measureFile(wrong, options)).rejects.toThrow('at most 90 examples')
  })
})

describe('measuring a sweep', () => {
  test('measures points that differ by rate and seed only once', async () => {
    const rates = sweep('rates', { epochs: [1, 2], rate: [2, 4, 8], seed: [0, 1] }, ({ epochs, rate }) =>
      begun.pipe(admmMask({ pattern: 'irregular', rate, epochs, retrainEpochs: 1 })),
    )
    const said: string[] = []
    const cost = await measureFile(rates, options, (label, index, count) => said.push(`${index + 1}/${count} ${label}`))
    expect(said).toEqual(['1/2 epochs=1 rate=2 seed=0', '2/2 epochs=2 rate=2 seed=0'])
    expect([cost.runs, ...cost.measured.map(({ count }) => count)]).toEqual([12, 6, 6])
    const [one, other] = cost.measured.map((run) => run.cost.seconds)
    expect(cost.seconds).toBeCloseTo(6 * ((one ?? 0) + (other ?? 0)), 9)
  })
})
