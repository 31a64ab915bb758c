import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { allowedFile, failureOf, failureText, QueueJob } from '../../../src/runtime/queue/queueJob.js'
import { temporaryFolder } from '../fakes.js'

const job: QueueJob = {
  version: '0.1.0',
  file: 'studies/rates.ts',
  values: { rate: '4' },
  folder: 'rates',
  key: '0123456789abcdef0123',
  seed: 1,
  engine: 'auto',
}

const decodes = (value: unknown): boolean => isRight(QueueJob.decode(value))

describe('a job', () => {
  test('is refused if any field is wrong', () => {
    expect(decodes(job)).toBe(true)
    const wrong: Readonly<Record<keyof QueueJob, readonly unknown[]>> = {
      version: ['', 'latest', 1, '1.0.0; rm'],
      file: ['', 'rates', 'rates.sh', 'a\0.ts', 'a\\..\\b.ts', 5, `${'x'.repeat(1000)}.ts`],
      values: [{ rate: 4 }, null, 'rate=4'],
      folder: ['', '..', '.', 'a/b', '../runs', '.hidden', 'a b', 3],
      key: ['', '../../etc', '0123456789ABCDEF0123', '0123456789abcdef01234'],
      seed: [-1, 0.5, 2 ** 32, '1', Number.NaN],
      engine: ['cuda', undefined, 1],
    }
    for (const [field, values] of Object.entries(wrong))
      for (const value of values) expect(decodes({ ...job, [field]: value }), `${field} ${value}`).toBe(false)
    for (const field of Object.keys(job)) expect(decodes({ ...job, [field]: undefined }), field).toBe(false)
  })

  test('is refused if it is another value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(decodes(value)).toBe(false)
      }),
      { seed: 3 },
    )
  })

  test('names a file in the allowed folder, or is denied', async () => {
    const folder = temporaryFolder()
    const allowed = join(folder, 'pipelines')
    mkdirSync(join(allowed, 'deep'), { recursive: true })
    mkdirSync(join(folder, 'pipelines-too'))
    for (const name of ['pipelines/a.ts', 'pipelines/deep/b.ts', 'c.ts', 'pipelines-too/d.ts'])
      writeFileSync(join(folder, name), '')
    symlinkSync(join(folder, 'c.ts'), join(allowed, 'link.ts'))
    symlinkSync(join(allowed, 'a.ts'), join(allowed, 'inner.ts'))
    expect(await allowedFile(allowed, 'a.ts')).toEqual({ _tag: 'Right', right: join(allowed, 'a.ts') })
    expect(await allowedFile(allowed, 'deep/../deep/b.ts')).toMatchObject({ right: join(allowed, 'deep', 'b.ts') })
    expect(await allowedFile(allowed, 'inner.ts')).toMatchObject({ right: join(allowed, 'a.ts') })
    for (const name of ['../c.ts', 'deep/../../c.ts', 'link.ts', '../pipelines-too/d.ts'])
      expect(await allowedFile(allowed, name), name).toMatchObject({ left: { type: 'invalid' } })
    expect(await allowedFile(allowed, '/etc/hostname')).toMatchObject({ left: { type: 'refused' } })
    expect(await allowedFile(allowed, 'gone.ts')).toMatchObject({ left: { type: 'refused' } })
  })

  test('contains its failure as data', () => {
    const error = { _tag: 'FileError', stage: 's', file: 'f', expected: 'e', actual: 'a', hint: 'h' } as const
    expect(failureOf(failureText(error))).toEqual(error)
    expect(failureOf('signal SIGKILL')).toBe('signal SIGKILL')
    expect(failureOf('{"_tag":"FileError"}')).toBe('{"_tag":"FileError"}')
  })
})
