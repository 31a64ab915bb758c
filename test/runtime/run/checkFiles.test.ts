import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { expect, test } from 'vitest'
import type { DataSource } from '../../../src/dsl/dataset.js'
import type { RunEvent } from '../../../src/dsl/events.js'
import { type Op, stage } from '../../../src/dsl/op.js'
import { makePipeline } from '../../../src/dsl/pipeline/makePipeline.js'
import { startRunWith } from '../../../src/runtime/run/startRun.js'
import { fakeDependencies, fakePipeline, fakeSource, fakeTrain, reading, temporaryFolder } from '../fakes.js'

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

test('data and stages are looked at before the engine is loaded, and a stage is given what is known of the data', async () => {
  const facts = { name: 'found', classes: 3, shape: { height: 2, width: 2, channels: 1 } }
  const seen: unknown[] = []
  const looking: Op<object, object> = stage(
    {
      stage: 'looking',
      config: {},
      needs: [],
      adds: [],
      look: (data) => {
        seen.push(data)
        return TE.left({ _tag: 'OptionError', stage: 'looking', expected: 'another network', actual: 'this one' })
      },
    },
    (source) => source,
  )
  const source: DataSource = { ...fakeSource, look: () => TE.right({ says: 'here', facts }) }
  const events: RunEvent[] = []
  const handle = makePipeline('looks', source, startRunWith(fakeDependencies()))
    .pipe(looking, fakeTrain({ epochs: 1 }))
    .run({ out: join(temporaryFolder(), 'run') })
  handle.events$.subscribe({ next: (event) => void events.push(event), error: () => undefined })
  expect(await handle.result).toMatchObject({ left: { _tag: 'OptionError', stage: 'looking' } })
  expect([seen, events.map(({ type }) => type)]).toEqual([[facts], ['environment']])
})
