import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { encodeSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import { readNewest } from '../../../src/runtime/checkpoints/checkpointFolder.js'
import { seal, unsealed } from '../../../src/runtime/checkpoints/checkpointSeal.js'
import { finishedIn } from '../../../src/runtime/folder/runInFolder.js'
import { readRun } from '../../../src/runtime/records/readRun.js'
import { writeReport } from '../../../src/runtime/records/writeReport.js'
import { sweep } from '../../../src/runtime/sweep/sweep.js'
import { writeTensorboard } from '../../../src/runtime/tensorboard/writeTensorboard.js'
import { lookAtFolder } from '../../../src/ui/followFolder.js'
import { makeShow } from '../../../src/ui/show.js'
import { type Damage, damagesOf } from '../../support/damages.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../fakes.js'

/** Run folders that pwoa 0.1.0 wrote: a comparison of two rows, and a sweep with one of its two points. */
const fixtures = fileURLToPath(new URL('../../fixtures/runs/', import.meta.url))

const copyOf = (name: 'comparison' | 'sweep'): string => {
  const folder = temporaryFolder()
  cpSync(join(fixtures, name), folder, { recursive: true })
  return folder
}

/** The error that a function throws; undefined if it throws none. */
const errorOf = async (act: () => unknown): Promise<PwoaFailure['error'] | undefined> => {
  try {
    await act()
    return undefined
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
}

const ui = (folder: string) => (): Promise<void> => {
  const failed = (thrown: unknown): void => {
    throw thrown
  }
  return lookAtFolder({ folder, show: makeShow('damaged'), failed })()
}

/** A kind of file: its place, and the damages that are allowed. */
interface Kind {
  readonly of: 'comparison' | 'sweep'
  readonly file: string
  /** The functions that read it. */
  readonly readers: (root: string) => Readonly<Record<string, () => unknown>>
  /** Fields that may be absent. */
  readonly optional?: RegExp
  /** Fields that may hold anything. */
  readonly free?: RegExp
}

const reportOf = (root: string) => () => writeReport(root)
const boardOf = (root: string) => () => writeTensorboard(root)
const everyReader = (root: string) => ({ report: reportOf(root), ui: ui(root), tensorboard: boardOf(root) })

const row = '1-filters'
const point = 'points/0877c6b36b28032e07a4'
const accuraciesFields = /(^|\.)(attacks|stages|details)\.[^.]+$|\.(details|meanDistance)$/

const files: Readonly<Record<string, Kind>> = {
  'plan.json of a run': {
    of: 'comparison',
    file: `${row}/plan.json`,
    // The export to TensorBoard does not read the plans of rows.
    readers: (root) => ({ report: reportOf(root), ui: ui(root) }),
    optional: /^fileVersion$/,
    free: /^(params|source\.config|stages\[\d+\]\.config)[.[]/,
  },
  'plan.json of a comparison': { of: 'comparison', file: 'plan.json', readers: everyReader, free: /^params\./ },
  'plan.json of a sweep': { of: 'sweep', file: 'plan.json', readers: everyReader },
  'summary.json': {
    of: 'comparison',
    file: `${row}/summary.json`,
    readers: (root) => ({
      report: reportOf(root),
      ui: ui(root),
      'the next run of a comparison': () => finishedIn(join(root, row)),
    }),
    optional: new RegExp(
      `${accuraciesFields.source}|^(parameters|flops|masked|profile|sparsity|sizes|latency|devices|certificates|before|after|sizes\\.flopsKept)$|^(seconds|secondsPerStep|epochs|profile)\\.(?!total$)`,
    ),
    free: /^params\./,
  },
  'summary.json of a point': {
    of: 'sweep',
    file: `${point}/summary.json`,
    readers: (root) => ({ report: reportOf(root), ui: ui(root) }),
    optional: new RegExp(
      `${accuraciesFields.source}|^(parameters|flops|sparsity|after)$|^(seconds|secondsPerStep|epochs)\\.(?!total$)`,
    ),
    free: /^params\./,
  },
  'results.json': {
    of: 'sweep',
    file: 'results.json',
    readers: everyReader,
    // Parameters and figures may have any names.
    optional: /^\[\d\]\.(?!seed$|state$|key$)/,
    free: /^\[\d\]\.(?!seed$|state$|key$)[^.]+$/,
  },
}

const lines: Readonly<Record<string, Kind>> = {
  'metrics.jsonl': { of: 'comparison', file: `${row}/metrics.jsonl`, readers: everyReader, optional: /^terms\./ },
  'events.jsonl': {
    of: 'comparison',
    file: `${row}/events.jsonl`,
    readers: everyReader,
    optional: new RegExp(`${accuraciesFields.source}|\\.terms\\.|\\.sizes\\.flopsKept$|secondsLeft$`),
  },
}

const isAllowed = ({ path, what }: Damage, { optional, free }: Kind): boolean =>
  (what === 'removed' && optional?.test(path) === true) || free?.test(path) === true

/** The field that an error must name: for a damaged tag, the object that has the tag. */
const namedOf = ({ path }: Damage): string => path.replace(/(^|\.)type$/, '')

/** A damage, and the text of the damaged file. */
interface Case {
  readonly damage: Damage
  readonly text: string
  readonly line?: number
}

const casesOf = (kind: Kind, parts: readonly string[]): readonly Case[] =>
  parts.flatMap((part, i) =>
    damagesOf(JSON.parse(part))
      .filter((damage) => !isAllowed(damage, kind))
      .map((damage) => {
        const text = parts.with(i, JSON.stringify(damage.value)).join('\n')
        return { damage, text: `${text}\n`, ...(parts.length > 1 ? { line: i + 1 } : {}) }
      }),
  )

const contentsOf = ({ of, file }: Kind): string => readFileSync(join(fixtures, of, file), 'utf8').trimEnd()

const sampled = (cases: readonly Case[], most: number): readonly Case[] => {
  const count = Math.min(most, cases.length)
  const subset = fc.shuffledSubarray([...cases], { minLength: count, maxLength: count })
  return fc.sample(subset, { seed: 3, numRuns: 1 })[0] ?? []
}

const expectRefused = (error: PwoaFailure['error'] | undefined, file: string, { damage, line }: Case): void => {
  const where = `${damage.path} ${damage.what}`
  expect(error, where).toMatchObject({ _tag: 'FileError', file })
  expect(error?.expected, where).toContain(namedOf(damage))
  if (line !== undefined) expect(error?.expected, where).toMatch(new RegExp(` in line ${line}$`))
}

describe('a run folder as version 0.1.0 wrote it', () => {
  test.each(['comparison', 'sweep'] as const)('can be read: %s', async (name) => {
    const root = copyOf(name)
    for (const [reader, read] of Object.entries(everyReader(root))) expect(await errorOf(read), reader).toBeUndefined()
  })
})

describe.each(Object.entries({ ...files, ...lines }))('%s', (name, kind) => {
  const parts = name in lines ? contentsOf(kind).split('\n') : [contentsOf(kind)]
  const all = casesOf(kind, parts)

  test('that lacks a field, or has one of another type, is refused with its file, line and field', async () => {
    const root = copyOf(kind.of)
    const file = join(root, kind.file)
    const [first] = Object.values(kind.readers(root))
    const chosen = all.length > 400 ? sampled(all, 400) : all
    expect(chosen.length).toBeGreaterThan(2)
    for (const one of chosen) {
      writeFileSync(file, one.text)
      expectRefused(await errorOf(() => first?.()), file, one)
    }
  })

  test('is refused by each of its readers', async () => {
    const root = copyOf(kind.of)
    const file = join(root, kind.file)
    for (const one of sampled(all, 12)) {
      writeFileSync(file, one.text)
      for (const read of Object.values(kind.readers(root))) expectRefused(await errorOf(read), file, one)
    }
  })

  const allowed = parts.flatMap((part, i) =>
    damagesOf(JSON.parse(part))
      .filter((damage) => damage.what === 'removed' && isAllowed(damage, kind))
      .map(({ path, value }) => ({ path, text: parts.with(i, JSON.stringify(value)).join('\n') })),
  )
  if (allowed.length > 0)
    test('may lack optional fields', async () => {
      const root = copyOf(kind.of)
      for (const { path, text } of allowed) {
        writeFileSync(join(root, kind.file), text)
        expect(await errorOf(() => writeReport(root)), path).toBeUndefined()
      }
    })

  test('that is not JSON is refused', async () => {
    const root = copyOf(kind.of)
    const file = join(root, kind.file)
    writeFileSync(file, '{"a":\n{}\n')
    for (const read of Object.values(kind.readers(root)))
      expect(await errorOf(read)).toMatchObject({ _tag: 'FileError', file, actual: 'something else' })
  })
})

describe('study.json', () => {
  test('that lacks a field, or has one of another type, is refused by the report', async () => {
    const root = temporaryFolder()
    const study = { method: 'rate', across: 'rate' } as const
    const make = () => fakePipeline().pipe(fakeTrain({ epochs: 1 }))
    expect((await sweep('s', { rate: [1, 2] }, make, { study }).run({ out: root }).result)._tag).toBe('Right')
    const file = join(root, 'study.json')
    // Fake runs have no accuracies, so their study has no rows.
    const text = JSON.stringify({ study: { ...study, baseline: '1' }, caption: 'Two runs.', rows: [{ rate: 1 }] })
    const kind: Kind = { of: 'sweep', file, readers: () => ({}), optional: /baseline$/, free: /^rows\[0\]\./ }
    writeFileSync(file, text)
    expect(await errorOf(reportOf(root))).toBeUndefined()
    const cases = casesOf(kind, [text])
    expect(cases.length).toBeGreaterThan(10)
    for (const one of cases) {
      writeFileSync(file, one.text)
      expectRefused(await errorOf(reportOf(root)), file, one)
    }
  })
})

describe("a checkpoint's head", () => {
  const head = {
    planHash: 'x',
    engine: 'wasm',
    step: 4,
    best: 0.5,
    metrics: { length: 100, hash: 'a' },
    events: { length: 200, hash: 'b' },
    tally: {
      seconds: 3,
      evaluationSeconds: 1,
      counts: { total: 10, kept: 5, prunable: 8, prunableKept: 3, flops: 20, flopsKept: 10 },
      before: { clean: 0.9, attacks: { pgd: 0.5 }, examples: 10 },
      artifacts: ['pruned.safetensors'],
      warnings: ['none'],
    },
    position: { epoch: 1, batch: 0 },
    stages: { train: { done: 4 } },
  }

  const write = async (file: string, pwoa: string): Promise<void> => {
    const bytes = encodeSafetensors(new Map(), { ...unsealed, pwoa }, file, 'test')
    if (isLeft(bytes)) throw new PwoaFailure(bytes.left)
    await seal(bytes.right)
    writeFileSync(file, bytes.right)
  }

  test('that lacks a field, or has one of another type, is refused', async () => {
    const root = temporaryFolder()
    const file = join(root, 'checkpoints', 'step-00000004.safetensors')
    mkdirSync(dirname(file))
    const text = JSON.stringify(head)
    await write(file, text)
    expect((await readNewest(root))?.checkpoint.step).toBe(4)
    const kind: Kind = {
      of: 'sweep',
      file,
      readers: () => ({}),
      optional: /^(best|tally\.(counts|before)|stages\.train)$|\.attacks\./,
      free: /^stages\.train\./,
    }
    const cases = casesOf(kind, [text])
    expect(cases.length).toBeGreaterThan(60)
    for (const one of cases) {
      await write(file, one.text)
      expectRefused(await errorOf(() => readNewest(root)), file, one)
    }
  })
})

describe('a run that is resumed', () => {
  const pipeline = fakePipeline().pipe(fakeTrain({ epochs: 3 }))

  const resumed = async (file: string, spoil: (text: string) => string) => {
    const folder = join(temporaryFolder(), 'run')
    const run = fakePipeline()
      .pipe(fakeTrain({ epochs: 3, during: (step) => void (step === 7 && run.stop()) }))
      .run({ out: folder })
    await run.result
    expect(readdirSync(join(folder, 'checkpoints'))).not.toEqual([])
    const path = join(folder, file)
    writeFileSync(path, spoil(readFileSync(path, 'utf8')))
    const result = await pipeline.run({ resume: folder }).result
    return { path, result }
  }

  test.each([
    ['metrics.jsonl', '"loss":', '"lost":', 'a finite number as loss in line 1'],
    ['metrics.jsonl', '"phase":"train"', '"phase":"drain"', 'as phase in line 1'],
    ['events.jsonl', '"at":', '"to":', 'a finite number >= 0 as at in line 1'],
    ['events.jsonl', '"type":"engine"', '"type":"enigma"', 'a known type as event.type in line 2'],
    ['plan.json', '"hash":', '"hush":', 'a text as hash'],
  ])('refuses a damaged %s: %s %s', async (file, right, wrong, expected) => {
    const { path, result } = await resumed(file, (text) => text.replace(right, wrong))
    expect(result).toMatchObject({ _tag: 'Left', left: { _tag: 'FileError', stage: 'resume', file: path } })
    expect(isLeft(result) && result.left.expected).toContain(expected)
  })

  test('reads every step and event that the run and its resumption wrote', async () => {
    const { path, result } = await resumed('metrics.jsonl', (text) => text)
    expect(result._tag).toBe('Right')
    const { figures } = await readRun(dirname(path), 'test')
    expect(figures.head()?.metrics.step).toBe(15)
  })
})
