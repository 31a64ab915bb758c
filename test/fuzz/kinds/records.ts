import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { valueOf } from '../../../src/dsl/errors.js'
import { parseJson } from '../../../src/dsl/kit/parseJson.js'
import { decodeIn } from '../../../src/io/files/jsonFile.js'
import {
  decodeCheckpoint,
  encodeCheckpoint,
  type RunCheckpoint,
} from '../../../src/runtime/checkpoints/checkpointFile.js'
import { QueuedSweep } from '../../../src/runtime/queue/queuedSweep.js'
import { failureOf, QueueJob } from '../../../src/runtime/queue/queueJob.js'
import { readRun } from '../../../src/runtime/records/readRun.js'
import { PointProgress } from '../../../src/runtime/sweep/pointMessages.js'
import { type FuzzKind, must, whole } from '../kind.js'
import { temporary } from '../temporary.js'

const FIXTURE = 'test/fixtures/runs/comparison/1-filters'

/** A copy of a run folder. */
const runFolder = (): string => {
  const folder = join(temporary(), 'run')
  if (!existsSync(folder)) cpSync(FIXTURE, folder, { recursive: true })
  return folder
}

/** One file of a run folder, read with the others. */
const fileOfRun = (name: string, hostile: FuzzKind['hostile'] = {}): FuzzKind => ({
  seeds: async () => [whole(readFileSync(join(FIXTURE, name)))],
  hostile,
  read: async (bytes) => {
    const file = join(runFolder(), name)
    writeFileSync(file, bytes)
    try {
      return await readRun(runFolder(), 'fuzz')
    } finally {
      cpSync(join(FIXTURE, name), file)
    }
  },
})

const nested = (): Uint8Array => Buffer.from(`{"params":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`)

export const plan = fileOfRun('plan.json', { 'a million brackets': nested })
export const summary = fileOfRun('summary.json', { 'a million brackets': nested })
export const events = fileOfRun('events.jsonl', {
  'a line of 100 MB': () => Buffer.alloc(100_000_000, 0x20),
  'a million brackets': () => Buffer.concat([nested(), Buffer.from('\n{}\n')]),
})
/** A step with so many loss terms. */
const manyTerms = (count: number): Uint8Array => {
  const [first = ''] = readFileSync(join(FIXTURE, 'metrics.jsonl'), 'utf8').split('\n')
  const terms = Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, i]))
  return Buffer.from(`${JSON.stringify({ ...JSON.parse(first), terms })}\n`)
}

export const metrics = fileOfRun('metrics.jsonl', {
  'a line of 100 MB': () => Buffer.alloc(100_000_000, 0x20),
  '200,000 names of loss terms': () => manyTerms(200_000),
})

const saved: RunCheckpoint = {
  planHash: 'abc',
  engine: 'wasm',
  step: 3,
  metrics: { length: 4, hash: 'x' },
  events: { length: 5, hash: 'y' },
  tally: { seconds: 1, evaluationSeconds: 0, artifacts: [], warnings: [] },
  best: undefined,
  state: {
    position: { epoch: 1, batch: 2 },
    stages: { admm: { values: { rho: 0.1 }, arrays: { dual: Float32Array.of(1, 2) } } },
  },
}
const sealed = must(encodeCheckpoint(saved, 'a'))

/** Checkpoints of runs, after their hash was compared. */
export const checkpoint: FuzzKind = {
  seeds: async () => [whole(sealed)],
  hostile: {
    'as many stages as arrays': () => {
      const names = Array.from({ length: 20_000 }, (_, i) => `s${i}`)
      const stages = Object.fromEntries(names.map((name) => [name, { values: {}, arrays: { a: Float32Array.of(1) } }]))
      return must(encodeCheckpoint({ ...saved, state: { ...saved.state, stages } }, 'a'))
    },
  },
  read: (bytes) => must(decodeCheckpoint(bytes, 'a')),
}

const job: QueueJob = { key: '0877c6b36b28032e07a4', label: 'rate=4', seed: 3, engine: 'auto' }
const queued: QueuedSweep = {
  id: 'sweep-1-01234567-89abcdef',
  version: '0.1.0',
  file: 'sweep.ts',
  fileVersion: '89abcdef89abcdef89ab',
  values: { rate: '4' },
  folder: 'sweep-1',
  priority: 5,
  points: 1,
  created: 1,
}
const progress: PointProgress = { type: 'training', phase: 'prune', epoch: 1, epochs: 2, step: 3, steps: 4, loss: 0.5 }
const failure = { _tag: 'FileError', stage: 'loadTeacher', file: 'a.pth', expected: 'a file', actual: 'a folder' }

/** What other machines put into a queue: sweeps, jobs, progress, and failures. */
export const queue: FuzzKind = {
  seeds: async () => [job, queued, progress, failure].map((value) => whole(Buffer.from(JSON.stringify(value)))),
  hostile: { 'a million brackets': nested },
  read: (bytes) => {
    const text = Buffer.from(bytes).toString('utf8')
    const failed = failureOf(text)
    if (typeof failed === 'object') return failed
    const value = parseJson(text)
    if (QueuedSweep.is(value)) return value
    return PointProgress.is(value) ? value : valueOf(decodeIn(QueueJob, value, { stage: 'fuzz', file: 'the queue' }))
  },
}
