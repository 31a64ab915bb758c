import { never } from 'fp-ts/lib/Task.js'
import pc from 'picocolors'
import { Subject } from 'rxjs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { showProgress } from '../../src/cli/show/showProgress.js'
import type { RunEvent } from '../../src/dsl/events.js'
import type { TrainingMetrics } from '../../src/dsl/step.js'

/** A run of which the test sends the events, and a screen of a given width that keeps what it shows. */
const shown = (columns: number) => {
  const metrics$ = new Subject<TrainingMetrics>()
  const events$ = new Subject<RunEvent>()
  const lines: string[] = []
  const live: string[] = []
  const unused = (): void => undefined
  showProgress(
    { folder: '', metrics$, events$, result: never(), summary: never(), stop: unused, pause: unused, proceed: unused },
    { line: (text) => void lines.push(text), live: (draw) => void live.push(draw(columns)), end: unused },
    pc.createColors(false),
  )
  return { metrics$, events$, lines, live }
}

const evaluating = (attack: string, stage: string): RunEvent => ({
  type: 'evaluating',
  subject: 'before',
  attack,
  stage,
  done: 667,
  total: 1000,
  robust: 0.74,
  secondsLeft: 67,
})

const step: TrainingMetrics = {
  phase: 'retrain',
  epoch: 0,
  epochs: 30,
  batch: 0,
  batches: 10,
  step: 75,
  steps: 300,
  learningRate: 1,
  loss: 0.125,
  terms: {},
  seconds: 0.1,
}

describe('the live line of a run', () => {
  test('shows how far an attack is, with the robust accuracy so far and the time left', () => {
    const { events$, live, lines } = shown(100)
    events$.next(evaluating('autoattack', 'apgd-ce'))
    events$.next(evaluating('pgd', 'pgd'))
    expect(live).toEqual([
      'before autoattack apgd-ce  ━━━━━━━━━━━━━━━━────────  66 %  667/1,000, 74.0 % robust, 1 min 7 s left',
      'before pgd  ━━━━━━━━━━━━━━━━────────  66 %  667/1,000, 74.0 % robust, 1 min 7 s left',
    ])
    expect(lines).toEqual([])
  })

  test('shows how far training is', () => {
    const { metrics$, live } = shown(100)
    metrics$.next(step)
    expect(live).toEqual(['  retrain 1/30  ━━━━━━──────────────────  25 %  loss 0.1250'])
  })

  test.each([78, 80, 90])('fits a window of %i columns by a shorter bar', (columns) => {
    const { events$, live } = shown(columns)
    events$.next(evaluating('autoattack', 'apgd-ce'))
    const [line = ''] = live
    expect([...line]).toHaveLength(columns - 1)
    expect(line).toMatch(/^before autoattack apgd-ce {2}━+─+ {2}66 % {2}667\/1,000, 74\.0 % robust, 1 min 7 s left$/)
  })

  test('leaves out the bar if the window is too narrow for it', () => {
    const { events$, live } = shown(40)
    events$.next(evaluating('autoattack', 'apgd-ce'))
    expect(live[0]).not.toMatch(/[━─]/)
  })
})

test('a comparison shows lines about engine and data only once', () => {
  const { events$, lines } = shown(80)
  for (const _ of [1, 2]) {
    events$.next({ type: 'engine', name: 'wasm', description: 'wasm (portable)' })
    events$.next({ type: 'warning', stage: 'a', message: 'b' })
  }
  expect(lines).toEqual(['engine: wasm (portable)', 'warning: a: b', 'warning: a: b'])
})

describe('the time of a phase', () => {
  afterEach(() => void vi.restoreAllMocks())

  /** Steps of these seconds each, of a phase of 300. */
  const run = (count: number, seconds: number): readonly string[] => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const { metrics$, lines } = shown(80)
    for (let done = 1; done <= count; done++) {
      now += 1000 * seconds
      metrics$.next({ ...step, step: done, seconds })
    }
    return lines
  }

  test('is estimated once, in a line that stays, after 20 steps', () => {
    expect(run(19, 2)).toEqual([])
    expect(run(60, 2)).toEqual(['  retrain: 9 min 20 s left, estimated after 20 steps'])
  })

  test('is not worth a line if it is short', () => {
    expect(run(60, 0.2)).toEqual([])
  })

  test('is estimated again in another phase, whose steps take another time', () => {
    const { metrics$, events$, lines } = shown(80)
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    for (const phase of ['admm', 'retrain'] as const) {
      events$.next({ type: 'phase', stage: 'admmMask', phase, epochs: 30 })
      for (let done = 1; done <= 25; done++) {
        now += 1000
        metrics$.next({ ...step, phase, step: done })
      }
    }
    expect(lines.filter((line) => line.includes('estimated'))).toEqual([
      '  admm: 4 min 40 s left, estimated after 20 steps',
      '  retrain: 4 min 40 s left, estimated after 20 steps',
    ])
  })
})
