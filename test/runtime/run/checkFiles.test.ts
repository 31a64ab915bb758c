import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/dsl/events.js'
import { fakePipeline, fakeTrain, reading, temporaryFolder } from '../fakes.js'

test.each([
  ['is missing', () => undefined, 'no such file'],
  ['is a folder', (file: string) => void mkdirSync(file), 'a folder'],
  ['is empty', (file: string) => writeFileSync(file, ''), 'an empty file'],
])('a file that %s ends a run before its data are opened', async (_, make, actual) => {
  const file = join(temporaryFolder(), 'teacher.pth')
  make(file)
  const events: RunEvent[] = []
  const handle = fakePipeline()
    .pipe(reading(file), fakeTrain({ epochs: 1 }))
    .run({ out: join(temporaryFolder(), 'run') })
  handle.events$.subscribe({ next: (event) => void events.push(event), error: () => undefined })
  expect(await handle.result).toMatchObject({ left: { _tag: 'FileError', stage: 'reading', file, actual } })
  expect(events.map(({ type }) => type)).toEqual(['environment'])
})
