import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compare } from '../../../src/runtime/comparison/compare.js'
import { sweep } from '../../../src/runtime/sweep/sweep.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../fakes.js'

const out = (): string => join(temporaryFolder(), 'run')

const training = () => fakePipeline().pipe(fakeTrain({ epochs: 2 }))

describe('the summary of a run in code', () => {
  test('resolves to that of its result', async () => {
    const run = training().run({ out: out() })
    expect(await run.result).toEqual({ _tag: 'Right', right: await run.summary })
  })

  test('rejects with an error that has a message, a stage and a hint', async () => {
    const run = training().run({ resume: 'nowhere' })
    const error: unknown = await run.summary.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ message: expect.stringMatching(/expected a run folder, with a plan\.json/) })
    expect(error).toHaveProperty('stage')
    expect(error).toHaveProperty('hint')
    expect(await run.result).toMatchObject({ _tag: 'Left' })
  })

  test('does not end the process if nothing reads it', async () => {
    expect(await training().run({ resume: 'nowhere' }).result).toMatchObject({ _tag: 'Left' })
  })
})

describe('a signal', () => {
  const interrupted = { left: { _tag: 'InterruptedError' } }

  test('stops a run when it aborts', async () => {
    const controller = new AbortController()
    const run = training().run({ out: out(), signal: controller.signal })
    run.metrics$.subscribe(({ step }) => step === 3 && controller.abort())
    expect(await run.result).toMatchObject(interrupted)
  })

  test('that has aborted before stops runs, comparisons and sweeps at once', async () => {
    const signal = AbortSignal.abort()
    const several = sweep('several', { of: [1, 2] }, training)
    for (const work of [training(), compare('two', { a: training() }), several])
      expect(await work.run({ out: out(), signal }).result).toMatchObject(interrupted)
  })
})
