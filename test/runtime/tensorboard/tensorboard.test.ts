import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import type { RunEvent } from '../../../src/dsl/events.js'
import { attackStrips } from '../../../src/io/pictures/attackStrips.js'
import { compare } from '../../../src/runtime/comparison/compare.js'
import { sweep } from '../../../src/runtime/sweep/sweep.js'
import { valuesOfEvent } from '../../../src/runtime/tensorboard/boardValues.js'
import { writeTensorboard } from '../../../src/runtime/tensorboard/writeTensorboard.js'
import { events } from '../../report/records.js'
import { readBoard } from '../../support/readBoard.js'
import { eventsIn, fakePipeline, fakeTrain, stepsIn, temporaryFolder } from '../fakes.js'

const pipeline = () => fakePipeline().pipe(fakeTrain({ epochs: 2 }))

const finished = async (): Promise<string> => {
  const out = temporaryFolder()
  const result = await pipeline().run({ out }).result
  if (isLeft(result)) throw new PwoaFailure(result.left)
  return out
}

const readAt = (file: string | undefined) => readBoard(readFileSync(file ?? ''))

const refusal = async (folder: string) => {
  try {
    await writeTensorboard(folder)
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
  throw new Error('it was not refused')
}

describe('the event file of a run', () => {
  test('has every step with its values and its time', async () => {
    const out = await finished()
    const files = await writeTensorboard(out)
    expect(files.map((file) => relative(out, file))).toEqual([
      expect.stringMatching(/^tensorboard.events\.out\.tfevents\.\d{10}\.pwoa$/),
    ])
    const [version, ...rest] = readAt(files[0])
    expect(version?.fileVersion).toBe('brain.Event:2')
    const losses = rest.flatMap(({ step, values }) =>
      values.flatMap(({ tag, simpleValue }) => (tag === 'loss' ? [{ step, loss: simpleValue }] : [])),
    )
    expect(losses).toEqual(stepsIn(out).map(({ step, loss }) => ({ step, loss: Math.fround(loss) })))
    const times = rest.map(({ wallTime }) => wallTime)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times[0]).toBeGreaterThanOrEqual(eventsIn(out)[0]?.at ?? Number.POSITIVE_INFINITY)
  })

  test('has adversarial examples', async () => {
    const out = await finished()
    const row = { index: 3, label: 1, guess: 7, brokenBy: 'pgd', distance: 0.3 }
    const pixels = { original: Float32Array.of(0), adversarial: Float32Array.of(1) }
    const shape = { height: 1, width: 1, channels: 1 }
    const strips = attackStrips({ shape, norm: 'Linf', epsilon: 0.3, rows: [{ ...row, ...pixels }] })
    writeFileSync(join(out, 'attacks.strips.json'), JSON.stringify(strips))
    const last = readAt((await writeTensorboard(out))[0]).at(-1)
    expect(last?.step).toBe(10)
    expect(last?.values).toMatchObject([
      { tag: 'attacks/1 (test image 3: 1; pgd, L∞ 0.300; taken for 7)', image: { height: 1, width: 7 } },
    ])
  })

  test('is replaced by the next call, and is written to the given folder', async () => {
    const out = await finished()
    await writeTensorboard(out)
    await writeTensorboard(out)
    expect(readdirSync(join(out, 'tensorboard'))).toHaveLength(1)
    const elsewhere = join(temporaryFolder(), 'logs')
    expect(await writeTensorboard(out, elsewhere)).toEqual([join(elsewhere, readdirSync(elsewhere)[0] ?? '')])
  })
})

describe('several runs', () => {
  test('of a comparison have a folder each, named after the rows', async () => {
    const out = temporaryFolder()
    await compare('two', { a: pipeline(), b: pipeline() }).run({ out }).result
    const files = await writeTensorboard(out)
    expect(files.map((file) => relative(join(out, 'tensorboard'), join(file, '..')))).toEqual(['1-a', '2-b'])
  })

  test('of a sweep are named by their parameters; points that have not started are left out', async () => {
    const out = temporaryFolder()
    await sweep('several', { rate: [-1, 1, 2], of: ['a/b', 'a?b'] }, pipeline).run({ out }).result
    const points = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as { rate: number; key: string }[]
    for (const { rate, key } of points) if (rate === 2) rmSync(join(out, 'points', key), { recursive: true })
    const files = await writeTensorboard(out)
    const [first = '', second = '', third = '', fourth = ''] = points.map(({ key }) => key)
    expect(files.map((file) => relative(join(out, 'tensorboard'), join(file, '..')))).toEqual([
      `rate=-1 of=a-b seed=0 ${first}`,
      `rate=-1 of=a-b seed=0 ${second}`,
      `rate=1 of=a-b seed=0 ${third}`,
      `rate=1 of=a-b seed=0 ${fourth}`,
    ])
  })

  test('of a sweep are never outside its folder, whatever its table contains', async () => {
    const out = join(await finished(), 'a sweep')
    mkdirSync(join(out, 'points'), { recursive: true })
    writeFileSync(join(out, 'plan.json'), JSON.stringify({ sweep: 'made by hand' }))
    for (const key of ['../..', '../../', 'x/../../..']) {
      writeFileSync(join(out, 'results.json'), JSON.stringify([{ seed: 0, state: 'done', key }]))
      expect(await refusal(out), key).toMatchObject({ _tag: 'FileError', file: join(out, 'results.json') })
    }
  })

  test('are found below a folder that is not a run folder, down to the points of a sweep in it', async () => {
    const root = temporaryFolder()
    const plan = readFileSync(join(await finished(), 'plan.json'))
    for (const path of ['sweep/points/abc', 'alone', 'x/y/z/too deep']) {
      mkdirSync(join(root, path), { recursive: true })
      writeFileSync(join(root, path, 'plan.json'), plan)
    }
    const files = await writeTensorboard(root)
    const folders = files.map((file) => relative(join(root, 'tensorboard'), join(file, '..')))
    expect(folders).toEqual(['alone', join('sweep', 'points', 'abc')])
  })
})

describe('writing event files', () => {
  test.each(['nowhere', ''])('refuses a folder without a run: %j', async (name) => {
    const folder = join(temporaryFolder(), name)
    expect(await refusal(folder)).toMatchObject({ _tag: 'OptionError', stage: 'tensorboard', actual: folder })
  })

  test('refuses a damaged run folder, and writes nothing', async () => {
    const out = await finished()
    const strips = join(out, 'attacks.strips.json')
    writeFileSync(strips, '[{"png":""}]')
    expect(await refusal(out)).toMatchObject({ _tag: 'FileError', file: strips, expected: 'a text as [0].caption' })
    writeFileSync(join(out, 'metrics.jsonl'), '{"step":1}\n')
    expect(await refusal(out)).toMatchObject({ _tag: 'FileError', file: join(out, 'metrics.jsonl') })
    expect(existsSync(join(out, 'tensorboard'))).toBe(false)
  })
})

describe('values of events', () => {
  const of = (type: RunEvent['type']) => events.filter((event) => event.type === type).flatMap(valuesOfEvent)

  test('are accuracies, residuals and numbers of parameters', () => {
    expect(of('evaluation')).toEqual([
      { tag: 'accuracy/clean', simpleValue: 0.99 },
      { tag: 'accuracy/pgd', simpleValue: 0.91 },
      { tag: 'accuracy/autoattack', simpleValue: 0.9 },
    ])
    expect(of('admm')).toEqual([
      { tag: 'admm/rho', simpleValue: 0.01 },
      { tag: 'admm/primal_residual', simpleValue: 3 },
      { tag: 'admm/dual_residual', simpleValue: 0 },
    ])
    const counts = { total: 1000, kept: 300, prunable: 800, prunableKept: 200, flops: 100, flopsKept: 40 }
    expect(valuesOfEvent({ type: 'parameters', counts })).toEqual([
      { tag: 'parameters/kept', simpleValue: 300 },
      { tag: 'parameters/sparsity', simpleValue: 0.75 },
    ])
    expect(valuesOfEvent({ type: 'paused' })).toEqual([])
  })

  test('include a histogram of the weights that are not 0, and none for a layer of zeros', () => {
    // conv1: 25 weights that are not 0, in three bins from −0.5 to 0.5.
    const [sparsity, weights, ...fc1] = of('weights')
    expect(sparsity).toEqual({ tag: 'layer_sparsity/conv1', simpleValue: 0.75 })
    expect(weights).toMatchObject({
      tag: 'nonzero_weights/conv1',
      histo: { min: -0.5, max: 0.5, num: 25, bucket: [6.25, 12.5, 6.25] },
    })
    const { histo } = weights as { readonly histo: { readonly bucketLimit: readonly number[]; readonly sum: number } }
    expect(histo.bucketLimit.map((end) => Number(end.toFixed(12)))).toEqual([-0.166666666667, 0.166666666667, 0.5])
    expect(histo.sum).toBeCloseTo(0, 12)
    // Centres at −1/3, 0 and 1/3.
    expect(histo).toMatchObject({ sumSquares: expect.closeTo(12.5 / 9, 12) })
    expect(fc1).toEqual([{ tag: 'layer_sparsity/fc1', simpleValue: 0 }])
  })
})
