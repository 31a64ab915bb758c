import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { right } from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeWhole } from '../../src/io/writeWhole.js'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pwoa-write-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('writes bytes and text whole, over what was there, and makes the folders above', async () => {
  const file = join(folder, 'a', 'b.txt')
  expect(await writeWhole(file, Uint8Array.of(1, 2, 3), 'artifact')()).toEqual(right(undefined))
  expect(await writeWhole(file, 'text', 'artifact')()).toEqual(right(undefined))
  expect(await readFile(file, 'utf8')).toBe('text')
  expect(await readdir(join(folder, 'a'))).toEqual(['b.txt'])
})

test('a view of a larger buffer is written as the view', async () => {
  const file = join(folder, 'view')
  await writeWhole(file, new Uint8Array([9, 1, 2, 9]).subarray(1, 3), 'artifact')()
  expect([...(await readFile(file))]).toEqual([1, 2])
})

test('what can not take its name leaves nothing half-written behind', async () => {
  const file = join(folder, 'taken')
  await mkdir(join(file, 'inside'), { recursive: true })
  expect(await writeWhole(file, 'text', 'checkpoint')()).toMatchObject({
    left: { _tag: 'WriteError', stage: 'checkpoint', file },
  })
  expect(await readdir(folder)).toEqual(['taken'])
})
