import { right } from 'fp-ts/lib/Either.js'
import { never } from 'fp-ts/lib/Task.js'
import pc from 'picocolors'
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { showComparison } from '../../src/cli/show/showComparison.js'
import type { RunEvent } from '../../src/dsl/events.js'
import type { RunHandle } from '../../src/dsl/pipeline/run.js'
import type { TrainingMetrics } from '../../src/dsl/step.js'
import type { ComparisonRow } from '../../src/runtime/comparison/comparison.js'
import { summary } from '../report/records.js'

const evaluating: RunEvent = {
  type: 'evaluating',
  subject: 'before',
  attack: 'pgd',
  stage: 'pgd',
  done: 3,
  total: 10,
  robust: 0.5,
  secondsLeft: undefined,
}

/** A comparison whose runs the test sends, in a window of so many rows. */
const shown = (rows: number) => {
  const runs$ = new Subject<ComparisonRow>()
  const lines: string[] = []
  const live: string[] = []
  showComparison(
    { runs$ },
    {
      line: (text) => void lines.push(text),
      live: (draw) => void live.push(draw(80)),
      end: () => undefined,
    },
    pc.createColors(false),
    () => ({ columns: 80, rows }),
  )
  const start = (label: string, index: number, result: RunHandle['result']) => {
    const events$ = new Subject<RunEvent>()
    const unused = (): void => undefined
    const run: RunHandle = {
      folder: '',
      metrics$: new Subject<TrainingMetrics>(),
      events$,
      result,
      summary: never(),
      stop: unused,
      pause: unused,
      proceed: unused,
    }
    runs$.next({ label, index, count: 2, run })
    return events$
  }
  return { lines, live, start }
}

test('the rows that are done stand below the progress of the next run', async () => {
  const { lines, live, start } = shown(24)
  const done = Promise.resolve(right(summary))
  start('first', 0, done).next(evaluating)
  await done
  await Promise.resolve()
  start('second', 1, never()).next(evaluating)
  expect(lines).toEqual(['1/2 first', '', '2/2 second'])
  expect(live[0]).toMatch(/^before pgd .*robust$/)
  expect(live[1]).toMatch(/^before pgd .*robust\n\n[\s\S]*\n─+\nbefore [^\n]*\nfirst [^\n]*$/)
})

test('a low window shows only the progress', async () => {
  const { live, start } = shown(6)
  const done = Promise.resolve(right(summary))
  start('first', 0, done)
  await done
  await Promise.resolve()
  start('second', 1, never()).next(evaluating)
  expect(live).toEqual([expect.not.stringContaining('first')])
})
