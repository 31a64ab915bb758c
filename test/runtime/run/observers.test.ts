import { NEVER, Observable, Subject } from 'rxjs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { RunEvent } from '../../../src/dsl/events.js'
import { CalledAt } from '../../../src/dsl/kit/calledAt.js'
import type { Observer } from '../../../src/dsl/pipeline/pipeline.js'
import type { RunHandle } from '../../../src/dsl/pipeline/run.js'
import { attachObservers } from '../../../src/runtime/run/observers.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../fakes.js'

const nothing = (): void => undefined

const handle: RunHandle = {
  folder: 'nowhere',
  metrics$: NEVER,
  events$: NEVER,
  stop: nothing,
  pause: nothing,
  proceed: nothing,
  result: new Promise(nothing),
  summary: new Promise(nothing),
}

/** An observer of a run that is over; the clock is turned by hand. */
const observed = (returned: ReturnType<Observer>) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const controller = new AbortController()
  const events: RunEvent[] = []
  let over = false
  const at = new CalledAt(observed)
  const observing = attachObservers([{ observer: () => returned, at }], handle, {
    pipeline: fakePipeline(),
    signal: controller.signal,
    emit: (event) => void events.push(event),
    subscriberFailed: (thrown) => {
      throw thrown
    },
  })
  const end = (): Promise<void> =>
    observing.end().then(() => {
      over = true
    })
  return {
    end,
    stop: () => controller.abort(),
    isOver: () => over,
    warnings: () =>
      events.flatMap((event) =>
        event.type === 'warning'
          ? [`${event.stage}: ${event.message.replace(/test\.ts:\d+:\d+/, 'test.ts:line')}`]
          : [],
      ),
  }
}

const left = 'fake run: an observer (test/runtime/run/observers.test.ts:line) has not completed, and is left'

describe('an observable or a promise that does not complete', () => {
  const endless = {
    'an observable': () => NEVER,
    'a promise': () => new Promise<never>(nothing),
  } as const

  test.each(Object.entries(endless))(
    '%s is left after 10 s, with a warning that names the observer',
    async (_, make) => {
      const run = observed(make())
      const ended = run.end()
      await vi.advanceTimersByTimeAsync(9_999)
      expect([run.warnings(), run.isOver()]).toEqual([[], false])
      await vi.advanceTimersByTimeAsync(1)
      await ended
      expect([run.warnings(), vi.getTimerCount()]).toEqual([[left], 0])
    },
  )

  test('is unsubscribed, and at once if the run is stopped meanwhile', async () => {
    let subscribed = true
    const run = observed(
      new Observable(() => () => {
        subscribed = false
      }),
    )
    const ended = run.end()
    await vi.advanceTimersByTimeAsync(5_000)
    expect([run.warnings(), run.isOver(), subscribed]).toEqual([[], false, true])
    run.stop()
    await ended
    expect([run.warnings(), subscribed, vi.getTimerCount()]).toEqual([[left], false, 0])
  })

  test('has 10 s to finish in a run that was stopped', async () => {
    const run = observed(NEVER)
    run.stop()
    const ended = run.end()
    await vi.advanceTimersByTimeAsync(9_999)
    expect([run.warnings(), run.isOver()]).toEqual([[], false])
    await vi.advanceTimersByTimeAsync(1)
    await ended
    expect(run.warnings()).toEqual([left])
  })

  test('that completes in time causes no warning, and leaves no timer', async () => {
    const last = new Subject<void>()
    const run = observed(last)
    const ended = run.end()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(run.isOver()).toBe(false)
    last.complete()
    await ended
    expect([run.warnings(), vi.getTimerCount()]).toEqual([[], 0])
  })
})

test('a run that is stopped after its work is done has a result', async () => {
  const run = fakePipeline()
    .pipe(fakeTrain({ epochs: 1 }))
    .observe(({ metrics$, stop }) => {
      metrics$.subscribe({ complete: stop })
      return NEVER
    })
    .run({ out: temporaryFolder() })
  expect(await run.result).toMatchObject({ _tag: 'Right', right: { pipeline: 'fake run' } })
})
