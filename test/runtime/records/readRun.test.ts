import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import type { RunHandle } from '../../../src/dsl/pipeline/run.js'
import { compare } from '../../../src/runtime/comparison/compare.js'
import { readRun } from '../../../src/runtime/records/readRun.js'
import { writeReport } from '../../../src/runtime/records/writeReport.js'
import { eventsIn, fakePipeline, fakeTrain, stepsIn, temporaryFolder } from '../fakes.js'

const pipeline = (during: (step: number) => void = () => undefined) =>
  fakePipeline().pipe(fakeTrain({ epochs: 3, during }))

const finished = async (run: RunHandle): Promise<void> => {
  const result = await run.result
  if (isLeft(result)) throw new PwoaFailure(result.left)
}

/** Events without the fields that differ from one run to the next. */
const comparable = (folder: string) =>
  eventsIn(folder).flatMap(({ step, event }) =>
    ['environment', 'engine', 'data'].includes(event.type) ? [] : [{ step, event }],
  )

const refusal = async (act: Promise<unknown>) => {
  try {
    await act
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
  throw new Error('it was not refused')
}

describe('events.jsonl', () => {
  test('has each event with its time and the number of steps before it, without progress events', async () => {
    const out = temporaryFolder()
    await finished(pipeline().run({ out }))
    const lines = eventsIn(out)
    expect(lines.map(({ step, event }) => [step, event.type])).toEqual([
      [0, 'environment'],
      [0, 'engine'],
      [0, 'data'],
      [0, 'phase'],
      [4, 'epoch'],
      [9, 'epoch'],
      [14, 'epoch'],
    ])
    const times = lines.map(({ at }) => at)
    expect(times).toEqual(times.toSorted())
  })

  test.each([
    ['stopped', (step: number, run: () => RunHandle) => void (step === 7 && run().stop())],
    [
      'crashed',
      (step: number) => {
        if (step === 7) throw new Error('crash')
      },
    ],
  ])('of a run that was %s and resumed, has each event once', async (_, act) => {
    const whole = temporaryFolder()
    await finished(pipeline().run({ out: whole }))
    const out = temporaryFolder()
    const first: RunHandle = pipeline((step) => act(step, () => first)).run({ out })
    await first.result
    await finished(pipeline().run({ resume: out }))
    // The fake stage reports its phase whenever it starts; a real one does not.
    const once = comparable(out).filter(({ event }, i) => event.type !== 'phase' || i === 0)
    expect(once).toEqual(comparable(whole))
  })
})

describe('reading a run folder', () => {
  test('gives the figures of the run', async () => {
    const out = temporaryFolder()
    await finished(pipeline().run({ out }))
    const { figures, summary, plan } = await readRun(out, 'test')
    expect(plan.pipeline).toBe('fake run')
    expect(summary?.engine).toBe('wasm')
    expect(figures.facts()).toMatchObject({ state: 'done', engine: 'engine: none, a fake', data: { train: 10 } })
    expect(figures.curves.all().columns.loss).toEqual(stepsIn(out).map(({ loss }) => Number(loss.toPrecision(6))))
    expect(figures.facts().timeline.map(({ label }) => label)).toEqual(['train'])
  })

  test('of a killed run ignores a last line that was cut short', async () => {
    const out = temporaryFolder()
    await finished(pipeline().run({ out }))
    rmSync(join(out, 'summary.json'))
    appendFileSync(join(out, 'metrics.jsonl'), '{"step":16,"lo')
    const { figures } = await readRun(out, 'test')
    expect(figures.facts().state).toBe('stopped')
    expect(figures.head()?.metrics.step).toBe(15)
  })

  test('of an older run works without events', async () => {
    const out = temporaryFolder()
    await finished(pipeline().run({ out }))
    rmSync(join(out, 'events.jsonl'))
    expect((await readRun(out, 'test')).figures.curves.all().columns.loss).toHaveLength(15)
  })

  test.each([
    ['no folder of a run', (out: string) => rmSync(join(out, 'plan.json')), 'OptionError'],
    ['lines that are no JSON', (out: string) => writeFileSync(join(out, 'events.jsonl'), 'x\n{}\n'), 'FileError'],
    [
      'lines of something else',
      (out: string) => writeFileSync(join(out, 'metrics.jsonl'), '{"step":1}\n'),
      'FileError',
    ],
  ])('is refused, with the reason: %s', async (_, spoil, tag) => {
    const out = temporaryFolder()
    await finished(pipeline().run({ out }))
    spoil(out)
    expect((await refusal(readRun(out, 'report')))._tag).toBe(tag)
    const before = readFileSync(join(out, 'report.html'), 'utf8')
    await refusal(writeReport(out))
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(before)
  })
})

describe('report.html', () => {
  test('is written when a run is finished, and not before', async () => {
    const out = temporaryFolder()
    const run: RunHandle = pipeline((step) => void (step === 7 && run.stop())).run({ out })
    await run.result
    expect(existsSync(join(out, 'report.html'))).toBe(false)
    expect(readFileSync(await writeReport(out), 'utf8')).toContain('not finished')
    await finished(pipeline().run({ resume: out }))
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('>done<')
  })

  test('of a comparison has a table, and each row has a report of its own', async () => {
    const out = temporaryFolder()
    const result = await compare('two', { a: pipeline(), b: pipeline() }).run({ out }).result
    expect(result._tag).toBe('Right')
    const page = readFileSync(join(out, 'report.html'), 'utf8')
    expect(page).toContain('href="1-a/report.html"')
    expect(existsSync(join(out, '2-b', 'report.html'))).toBe(true)
  })
})
