import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataSourceOf } from '../../../src/dsl/dataSourceOf.js'
import { valueOfTask } from '../../../src/dsl/errors.js'
import { fakeData, fakePipeline, fakeSource, fakeTrain, temporaryFolder } from '../fakes.js'

const context = { dataDir: undefined, seed: 0, signal: new AbortController().signal }

const own = (open: () => Promise<typeof fakeData>) => dataSourceOf({ name: 'own', config: {}, batchSize: 2, open })

test('a source may return a promise of its data', async () => {
  expect(await valueOfTask(own(async () => fakeData).open(context))).toBe(fakeData)
  const run = fakePipeline()
    .over(own(async () => fakeData))
    .pipe(fakeTrain({ epochs: 1 }))
  expect(await run.run({ out: join(temporaryFolder(), 'run') }).result).toMatchObject({ _tag: 'Right' })
})

test('a promise that rejects is an error of the source', async () => {
  const failing = own(() => Promise.reject(new Error('no such table')))
  expect(await failing.open(context)()).toMatchObject({ left: { stage: 'own', actual: 'no such table' } })
})

test('a source that returns a task stays as it is', async () => {
  expect(await valueOfTask(dataSourceOf(fakeSource).open(context))).toEqual(await valueOfTask(fakeSource.open(context)))
})
