import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isLeft, isRight } from 'fp-ts/lib/Either.js'
import type { Decoder } from 'io-ts'
import { describe, expect, test } from 'vitest'
import { LoggedEvent, RunEvent } from '../../src/dsl/events.js'
import { wrongField } from '../../src/dsl/kit/wrongField.js'
import { Summary } from '../../src/dsl/pipeline/run.js'
import { PwoaError } from '../../src/dsl/pwoaError.js'
import { TrainingMetrics } from '../../src/dsl/step.js'
import { QueueJob } from '../../src/runtime/queue/queueJob.js'
import { FromPoint, ToPoint } from '../../src/runtime/sweep/pointMessages.js'
import { damagesOf } from '../support/damages.js'

const row = fileURLToPath(new URL('../fixtures/runs/comparison/1-filters/', import.meta.url))

const linesOf = (name: string): readonly unknown[] =>
  readFileSync(`${row}${name}`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))

const summary: unknown = JSON.parse(readFileSync(`${row}summary.json`, 'utf8'))

const error = {
  _tag: 'FileError',
  stage: 'loadTeacher',
  file: 'a.pth',
  expected: 'a file',
  actual: 'none',
  hint: 'Look.',
}

const job = {
  key: '0123456789abcdef0123',
  label: 'rate 4',
  seed: 0,
  engine: 'auto',
}

const place = {
  key: job.key,
  seed: 0,
  folder: 'rates/points/x',
  options: { dataDir: 'data', engine: 'wasm', checkpoints: { everySteps: 2, keep: 1 } },
}

const training = { type: 'training', phase: 'admm', epoch: 0, epochs: 1, step: 1, steps: 2, loss: 0.5 }

interface Codec extends Decoder<unknown, unknown> {
  readonly is: (value: unknown) => boolean
}

/** Each codec with values that it accepts. */
const all: readonly (readonly [name: string, codec: Codec, values: readonly unknown[]])[] = [
  ['a step', TrainingMetrics, linesOf('metrics.jsonl')],
  ['a logged event', LoggedEvent, linesOf('events.jsonl')],
  [
    'an event',
    RunEvent,
    [
      { type: 'warning', stage: 'x', message: 'y' },
      { type: 'checkpoint', file: 'a', spentSeconds: 1 },
      { type: 'paused' },
      { type: 'continued' },
    ],
  ],
  ['a summary', Summary, [summary]],
  ['an error', PwoaError, [error]],
  ['a job', QueueJob, [job]],
  [
    'a message to a point',
    ToPoint,
    [{ type: 'run', task: { file: 'a.ts', values: { rate: '4' }, ...place } }, { type: 'stop' }],
  ],
  [
    'a message from a point',
    FromPoint,
    [
      { type: 'progress', progress: training },
      { type: 'progress', progress: { type: 'evaluating', subject: 'after', attack: 'pgd', done: 1, total: 2 } },
      { type: 'progress', progress: { type: 'warning', stage: 'x', message: 'y' } },
      { type: 'done', summary },
      { type: 'failed', error, lacks: [job.key] },
    ],
  ],
]

describe.each(all)('the codec of %s', (_, codec, values) => {
  test('accepts what was written, and leaves it as it is', () => {
    for (const value of values) expect(codec.decode(value)).toEqual({ _tag: 'Right', right: value })
  })

  // Readers ask `is` first, which is faster, and decode only what it refuses.
  test('never accepts by `is` what it refuses to decode', () => {
    const damaged = values.flatMap((value) => damagesOf(value))
    expect(damaged.filter(({ value }) => codec.is(value) && isLeft(codec.decode(value)))).toEqual([])
  })

  test('refuses a value of another type, and names its field', () => {
    const damaged = values.flatMap((value) => damagesOf(value)).filter(({ what }) => what === 'of another type')
    const refused = damaged.flatMap(({ path, value }) => {
      const decoded = codec.decode(value)
      return isLeft(decoded) ? [[path, wrongField(decoded.left).path] as const] : []
    })
    expect(refused.length).toBeGreaterThan(values.length)
    // A damaged tag is an error of the value that it belongs to; the options of checkpoints are checked as one.
    const namedOf = (path: string): string => path.replace(/\.?(type|_tag)$|(?<=checkpoints)\..*$/, '')
    const wrong = refused.filter(([path, named]) => named !== path && named !== namedOf(path))
    expect(wrong).toEqual([])
  })
})

/** Out of range: of a share, of a count, of an amount of seconds, of a seed. */
const outOfRange: readonly (readonly [path: string, value: unknown])[] = [
  ['before.clean', 1.01],
  ['before.attacks.pgd', -0.01],
  ['before.attacks.pgd', Number.NaN],
  ['before.examples', 2.5],
  ['before.details.pgd.stages.pgd', 150],
  ['before.details.pgd.seconds', -1],
  ['before.details.pgd.meanDistance', Number.POSITIVE_INFINITY],
  ['sparsity', 1.5],
  ['parameters.kept', -1],
  ['seconds.total', Number.NaN],
  ['secondsPerStep.train', Number.POSITIVE_INFINITY],
  ['epochs.train', -1],
  ['seed', 2 ** 32],
]

const changed = (value: unknown, [key = '', ...rest]: readonly string[], to: unknown): unknown => {
  const fields = typeof value === 'object' && value !== null ? value : {}
  const inner = Object.entries(fields).find(([name]) => name === key)?.[1]
  return { ...fields, [key]: rest.length === 0 ? to : changed(inner, rest, to) }
}

test.each(outOfRange)('a summary is refused with a figure out of range: %s %d', (path, to) => {
  const details = { pgd: { stages: { pgd: 0.5 }, seconds: 1, meanDistance: 0.1 } }
  const before = { clean: 1, attacks: { pgd: 0 }, examples: 10, details }
  const whole = { ...Object(summary), before, sparsity: 1 }
  expect(Summary.is(whole)).toBe(true)
  const wrong = changed(whole, path.split('.'), to)
  expect(Summary.is(wrong)).toBe(false)
  const decoded = Summary.decode(wrong)
  expect(isLeft(decoded) && wrongField(decoded.left)).toMatchObject({ path, actual: String(to) })
})

test('an event of an unknown type is refused with its type', () => {
  const decoded = LoggedEvent.decode({ at: 1, step: 0, event: { type: 'x', name: 'wasm' } })
  expect(isLeft(decoded) && wrongField(decoded.left)).toEqual({
    path: 'event.type',
    expected: 'a known type',
    actual: '"x"',
  })
})

test('a field that may be undefined may be absent in a file', () => {
  const event = { type: 'evaluating', subject: 'after', attack: 'pgd', stage: 'pgd', done: 1, total: 2, robust: 0.5 }
  expect(isRight(RunEvent.decode(event))).toBe(true)
})
