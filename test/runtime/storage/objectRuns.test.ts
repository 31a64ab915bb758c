import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { objectRuns } from '../../../src/runtime/storage/objectRuns.js'
import type { OpenRun, RunStorage } from '../../../src/runtime/storage/runStorage.js'
import { openS3 } from '../../../src/runtime/storage/s3Objects.js'
import { motoServer, needing } from '../../support/needs.js'
import { summaryOf } from '../../support/summary.js'
import { until } from '../../support/until.js'
import { temporaryFolder } from '../fakes.js'
import { type OwnS3, startS3 } from './s3.js'

const point = { sweep: 'rates', key: '0123456789abcdef0123' }
const base = `${point.sweep}/points/${point.key}/`

let s3: OwnS3

/** A store, and workers that store their runs in it. */
const place = async () => {
  const bucket = await s3.makeBucket()
  const at = { type: 'bucket', bucket, prefix: '', shown: `s3://${bucket}` } as const
  const objects = await openS3(at, { environment: s3.environment, patience: () => 0, say: () => undefined })
  onTestFinished(objects.close)
  const said: string[] = []
  const worker = (scratch = temporaryFolder()) =>
    objectRuns(objects, {
      scratch,
      share: 1,
      secrets: [],
      hurry: () => undefined,
      close: () => undefined,
      say: (message) => void said.push(message),
    })
  return { bucket, objects, said, worker }
}

const opened = async (storage: RunStorage, other = point): Promise<OpenRun> => {
  const run = await storage.open(other)
  if (!run) throw new Error('in use')
  return run
}

const write = ({ folder }: OpenRun, files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** `plan.json` of a run of version 1 of a file. */
const plan = JSON.stringify({
  ...{ pipeline: 'a', params: {}, seed: 0, source: { name: 'b', batchSize: 1, config: {} } },
  ...{ stages: [], contents: [], hash: 'c', fileVersion: '1' },
})

/** Writes the files of a run that has reached a checkpoint. */
const reach = (run: OpenRun, step: number): void => {
  const name = (of: number) => `checkpoints/step-${String(of).padStart(8, '0')}.safetensors`
  write(run, { 'plan.json': plan, 'metrics.jsonl': 'line\n'.repeat(step), [name(step)]: `state ${step}` })
  rmSync(join(run.folder, name(step - 2)), { force: true })
}

const filesIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(folder.length + 1), readFileSync(file, 'utf8')]),
  )

describe('a run in object storage', needing(motoServer), () => {
  beforeAll(async () => {
    s3 = await startS3()
    return s3.stop
  })

  test('that a worker leaves is resumed by another one, from its newest checkpoint', async () => {
    const { objects, worker } = await place()
    const first = await opened(worker())
    expect(existsSync(first.folder)).toBe(false)
    for (const step of [1, 2, 3, 4]) {
      reach(first, step)
      first.advanced()
    }
    write(first, { 'run.lock': 'of a process', 'metrics.jsonl.12345678-1234-1234-1234-123456789012.tmp': 'half' })
    await first.leave()
    expect(existsSync(first.folder)).toBe(false)
    const second = await opened(worker())
    expect(filesIn(second.folder)).toEqual({
      'plan.json': plan,
      'metrics.jsonl': 'line\n'.repeat(4),
      'checkpoints/step-00000004.safetensors': 'state 4',
    })
    const before = await objects.list('')
    await second.leave()
    expect(await objects.list('')).toEqual(before)
  })

  test('keeps two records and their objects, however often it is saved', async () => {
    const { objects, worker } = await place()
    const run = await opened(worker())
    const records = (): Promise<readonly string[]> => objects.list(`${base}saved/`)
    const named = (step: number): string => `${base}saved/step-00000000000${step}-000000000000000.json`
    for (let step = 1; step <= 5; step++) {
      reach(run, step)
      run.advanced()
      await until(`the record of step ${step}`, async () => (await records()).includes(named(step)))
    }
    await run.leave()
    expect(await records()).toEqual([named(4), named(5)])
    // The plan, and for each of the two records a checkpoint and the metrics before it.
    expect(await objects.list(`${base}content-`)).toHaveLength(5)
  })

  test.each([
    [
      'has other bytes',
      (text: string): string => text.replace('4', '5'),
      'checkpoints/step-00000004.safetensors has other bytes',
    ],
    ['is cut short', (text: string): string => text.slice(1), 'checkpoints/step-00000004.safetensors has other bytes'],
  ])('whose newest checkpoint %s is resumed from the one before, with a message', async (_, damage, reason) => {
    const { bucket, objects, said, worker } = await place()
    for (const step of [3, 4]) {
      const run = await opened(worker())
      reach(run, step)
      await run.leave()
    }
    for (const key of await objects.list(base)) {
      const text = await s3.get(`${bucket}/${key}`)
      if (text === 'state 4') await s3.put(`${bucket}/${key}`, damage(text))
    }
    const run = await opened(worker())
    expect(filesIn(run.folder)['checkpoints/step-00000003.safetensors']).toBe('state 3')
    expect(said).toEqual([
      `${base}: continuing from step 3`,
      expect.stringContaining(`is damaged (${reason}): continuing from the one before`),
      `${base}: continuing from step 3`,
    ])
    reach(run, 4)
    await run.leave()
    expect(filesIn((await opened(worker())).folder)['checkpoints/step-00000004.safetensors']).toBe('state 4')
  })

  test('with a damaged record, or one that points out of its folder, starts anew and writes nothing elsewhere', async () => {
    const { bucket, said, worker } = await place()
    const file = { object: `${base}content-x/1`, bytes: 1, sha256: '0'.repeat(64) }
    const records = ['../../evil', '/etc/evil', 'a/../../evil', 'a\\..\\evil'].map((path) => ({
      files: { [path]: file },
    }))
    const elsewhere = { files: { 'plan.json': { ...file, object: 'other/secret' } } }
    const unhashed = { files: { 'plan.json': { ...file, sha256: 'x' } } }
    const texts = [...records, elsewhere, unhashed].map((record) => JSON.stringify(record)).concat('no JSON')
    for (const [index, text] of texts.entries()) await s3.put(`${bucket}/${base}saved/step-${index}.json`, text)
    const run = await opened(worker())
    expect(existsSync(run.folder)).toBe(false)
    expect(said).toHaveLength(texts.length)
    expect(said.filter((message) => message.includes('points elsewhere'))).toHaveLength(records.length + 1)
    expect(said.join()).toContain(
      'is damaged (expected a SHA-256: 64 hexadecimal digits as files.plan.json.sha256, got "x"): continuing from',
    )
  })

  test('whose folder cannot be read continues with a message, and leaves no files', async () => {
    const { said, worker } = await place()
    const run = await opened(worker())
    mkdirSync(dirname(run.folder), { recursive: true })
    writeFileSync(run.folder, 'no folder')
    run.advanced()
    await run.leave()
    expect(said).toEqual(Array(2).fill(expect.stringContaining('ENOTDIR')))
    expect(existsSync(run.folder)).toBe(false)
  })

  test('whose saved files cannot be written leaves no files', async () => {
    const { bucket, worker } = await place()
    const file = { object: `${base}content-x/1`, bytes: 1, sha256: createHash('sha256').update('x').digest('hex') }
    await s3.put(`${bucket}/${file.object}`, 'x')
    // A file in the place of a folder.
    await s3.put(`${bucket}/${base}saved/step-1.json`, JSON.stringify({ files: { a: file, 'a/b': file } }))
    const scratch = temporaryFolder()
    await expect(worker(scratch).open(point)).rejects.toMatchObject({ error: { _tag: 'WriteError' } })
    expect(readdirSync(scratch)).toEqual([])
  })

  test('that is finished but damaged is an error of its file, with a hint', async () => {
    const { bucket, objects, worker } = await place()
    const run = await opened(worker())
    write(run, { 'summary.json': 'found' })
    await run.finish(summaryOf(1))
    const [result = '', summary = ''] = await objects.list(base)
    const hint = `Remove s3://${bucket}/${result}: the point is then run anew.`
    await s3.put(`${bucket}/${summary}`, 'Found')
    const other = await opened(worker(), { ...point, key: 'a'.repeat(20) })
    await expect(other.bring([point.key])).rejects.toMatchObject({
      error: { _tag: 'FileError', file: `s3://${bucket}/${summary}`, actual: 'other bytes', hint },
    })
    await s3.put(`${bucket}/${result}`, '{}')
    await expect(worker().finished(point)).rejects.toMatchObject({
      error: { _tag: 'FileError', file: `s3://${bucket}/${result}`, hint },
    })
  })

  test('that two workers finish has the result of the first, and only its files', async () => {
    const { bucket, objects, worker } = await place()
    const [one, other] = [worker(), worker()]
    const [first, second] = [await opened(one), await opened(other)]
    for (const [run, text] of [
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      reach(run, 4)
      write(run, { 'net.safetensors': text, 'summary.json': text, 'deep/er/picture one.svg': text })
      run.advanced()
    }
    expect(await one.finished(point)).toBeUndefined()
    expect(await first.finish(summaryOf(1))).toEqual(summaryOf(1))
    expect(await second.finish(summaryOf(2))).toEqual(summaryOf(1))
    expect(await other.finished(point)).toEqual({ summary: summaryOf(1), fileVersion: '1' })
    const keys = await objects.list('')
    expect(keys.map((key) => key.replace(/run-[0-9a-f-]{36}/, 'run')).sort()).toEqual(
      [
        'result.json',
        ...[
          'checkpoints/step-00000004.safetensors',
          'deep/er/picture one.svg',
          'metrics.jsonl',
          'net.safetensors',
          'plan.json',
          'summary.json',
        ].map((path) => `run/${path}`),
      ].map((path) => base + path),
    )
    const network = keys.find((key) => key.endsWith('net.safetensors'))
    expect(await s3.get(`${bucket}/${network}`)).toBe('first')
  })

  test('gets the results of other points, or none if one of them is not finished', async () => {
    const { worker } = await place()
    const storage = worker()
    const parts = ['a', 'b'].map((letter) => letter.repeat(20))
    const finish = async (key: string) => {
      const part = await opened(storage, { ...point, key })
      write(part, { 'summary.json': key, 'x.journal.jsonl': 'found', 'net.safetensors': 'large' })
      await part.finish(summaryOf(0))
    }
    const run = await opened(storage)
    await finish(parts[0] ?? '')
    expect(await run.bring(parts)).toBe(false)
    await finish(parts[1] ?? '')
    expect(await run.bring(parts)).toBe(true)
    for (const key of parts)
      expect(filesIn(join(dirname(run.folder), key))).toEqual({ 'summary.json': key, 'x.journal.jsonl': 'found' })
  })
})
