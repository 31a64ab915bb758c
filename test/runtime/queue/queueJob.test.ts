import fc from 'fast-check'
import { isRight } from 'fp-ts/lib/Either.js'
import type { Decoder } from 'io-ts'
import { describe, expect, test } from 'vitest'
import { QueuedSweep } from '../../../src/runtime/queue/queuedSweep.js'
import { failureOf, failureText, QueueJob } from '../../../src/runtime/queue/queueJob.js'

const job: QueueJob = { key: '0123456789abcdef0123', label: 'rate=4', seed: 1, engine: 'auto' }

const sweep: QueuedSweep = {
  id: 'rates-01234567-01234567',
  version: '0.1.0',
  file: 'studies/rates.ts',
  fileVersion: '0123456789abcdef0123',
  values: { rate: '4' },
  folder: 'rates',
  priority: 5,
  points: 4,
  created: 0,
}

const decodes = (value: unknown): boolean => isRight(QueueJob.decode(value))

const refusesEach = (
  codec: Decoder<unknown, unknown>,
  right: object,
  wrong: Readonly<Partial<Record<string, readonly unknown[]>>>,
): void => {
  expect(isRight(codec.decode(right))).toBe(true)
  for (const [field, values = []] of Object.entries(wrong))
    for (const value of [undefined, ...values])
      expect(isRight(codec.decode({ ...right, [field]: value })), `${field} ${value}`).toBe(false)
}

describe('a job', () => {
  test('is refused if any field is wrong', () => {
    const wrong: Readonly<Record<Exclude<keyof QueueJob, 'target'>, readonly unknown[]>> = {
      key: ['', '../../etc', '0123456789ABCDEF0123', '0123456789abcdef01234'],
      label: [5, 'a\nb', 'x'.repeat(2000)],
      seed: [-1, 0.5, 2 ** 32, '1', Number.NaN],
      engine: ['cuda', undefined, 1],
    }
    refusesEach(QueueJob, job, wrong)
    const target = { rung: 0, divisor: 9, metric: 'loss', over: 1 }
    expect(isRight(QueueJob.decode({ ...job, target }))).toBe(true)
    for (const bad of [{ rung: -1 }, { divisor: 0 }, { metric: 'a\nb' }, { metric: 'accuracy' }, { over: 0 }])
      expect(isRight(QueueJob.decode({ ...job, target: { ...target, ...bad } })), JSON.stringify(bad)).toBe(false)
  })

  test('belongs to a sweep, which is refused if any field is wrong', () => {
    const wrong: Readonly<Partial<Record<keyof QueuedSweep, readonly unknown[]>>> = {
      id: ['', 'a', '../a-01234567-01234567', 'rates-01234567', `${'x'.repeat(300)}-01234567-01234567`],
      version: ['', 'latest', 1, '1.0.0; rm'],
      file: ['', 'rates', 'rates.sh', 'a\0.ts', 'a\\..\\b.ts', 5, `${'x'.repeat(1000)}.ts`],
      values: [{ rate: 4 }, null, 'rate=4'],
      folder: ['', '..', '.', 'a/b', '../runs', '.hidden', 'a b', 3],
      fileVersion: ['', '0123456789', 'x'.repeat(20)],
      priority: [0, 10, 1.5, '5'],
      points: [-1, 0.5],
      created: [-1, 'now'],
    }
    refusesEach(QueuedSweep, sweep, wrong)
    for (const [field, value] of [
      ['trial', 'slow'],
      ['pointTimeout', -1],
      ['progressTimeout', '1h'],
    ] as const)
      expect(isRight(QueuedSweep.decode({ ...sweep, [field]: value })), field).toBe(false)
  })

  test('is refused if it is another value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(decodes(value)).toBe(false)
      }),
      { seed: 3 },
    )
  })

  test('contains its failure as data', () => {
    const error = { _tag: 'FileError', stage: 's', file: 'f', expected: 'e', actual: 'a', hint: 'h' } as const
    expect(failureOf(failureText(error))).toEqual(error)
    expect(failureOf('signal SIGKILL')).toBe('signal SIGKILL')
    expect(failureOf('{"_tag":"FileError"}')).toBe('{"_tag":"FileError"}')
  })
})
