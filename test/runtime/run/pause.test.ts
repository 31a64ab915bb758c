import { setImmediate } from 'node:timers/promises'
import { isRight } from 'fp-ts/lib/Either.js'
import { filter, firstValueFrom } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { RunHandle } from '../../../src/dsl/pipeline/run.js'
import { eventsIn, fakeDependencies, fakePipeline, fakeTrain, stepsIn, temporaryFolder } from '../fakes.js'

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await setImmediate()
}

/** A run that is paused in its fifth step, and the steps it has done. */
const paused = async (out: string) => {
  const dependencies = fakeDependencies()
  const steps: number[] = []
  const run: RunHandle = fakePipeline('pausing', dependencies)
    .pipe(fakeTrain({ epochs: 2, during: (step) => void (step === 4 && run.pause()) }))
    .run({ out })
  run.metrics$.subscribe(({ step }) => steps.push(step))
  await firstValueFrom(run.events$.pipe(filter(({ type }) => type === 'paused')))
  await turns(50)
  return { run, steps, dependencies }
}

describe('a run that is paused', () => {
  test('finishes its current step, holds one minibatch, and continues on request', async () => {
    const out = temporaryFolder()
    const { run, steps, dependencies } = await paused(out)
    expect(steps).toEqual([1, 2, 3, 4, 5])
    expect(dependencies.onLoan()).toBe(1)
    run.pause()
    run.proceed()
    expect(isRight(await run.result)).toBe(true)
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const states = eventsIn(out).flatMap(({ event: { type } }) =>
      ['paused', 'continued'].includes(type) ? [type] : [],
    )
    expect(states).toEqual(['paused', 'continued'])
  })

  test('can be stopped, and resumed with the same result', async () => {
    const whole = temporaryFolder()
    await fakePipeline('pausing')
      .pipe(fakeTrain({ epochs: 2 }))
      .run({ out: whole }).result
    const out = temporaryFolder()
    const { run, steps, dependencies } = await paused(out)
    run.stop()
    expect(await run.result).toMatchObject({ left: { _tag: 'InterruptedError' } })
    expect(steps).toHaveLength(5)
    expect(dependencies.onLoan()).toBe(0)
    await fakePipeline('pausing')
      .pipe(fakeTrain({ epochs: 2 }))
      .run({ resume: out }).result
    expect(stepsIn(out)).toEqual(stepsIn(whole))
  })

  test('proceeding without a pause, and pausing a stopped run, change nothing', async () => {
    const run = fakePipeline()
      .pipe(fakeTrain({ epochs: 1 }))
      .run({ out: temporaryFolder() })
    const types: string[] = []
    run.events$.subscribe(({ type }) => types.push(type))
    run.proceed()
    expect(isRight(await run.result)).toBe(true)
    run.stop()
    run.pause()
    expect(types.filter((type) => type === 'paused' || type === 'continued')).toEqual([])
  })
})
