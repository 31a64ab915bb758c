import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concatMap } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { type Op, stage } from '../../../src/dsl/op.js'
import type { RunOptions } from '../../../src/dsl/pipeline/run.js'
import { asynchronous } from '../../../src/dsl/stages/asynchronous.js'
import type { HasTraining, Step } from '../../../src/dsl/step.js'
import { fakePipeline, fakeTrain, jsonOf, temporaryFolder } from '../fakes.js'

/** A stage that fails at the first step, as with a layer that does not exist. */
const mistaken: Op<object, HasTraining> = stage(
  { stage: 'fakeTrain', config: { epochs: 0 }, needs: [], adds: ['training'] },
  () => {
    throw new Error('no such layer')
  },
)

const failing = (options: RunOptions) => fakePipeline().pipe(mistaken).run(options).result
const right = (options: RunOptions) =>
  fakePipeline()
    .pipe(fakeTrain({ epochs: 1 }))
    .run(options).result

describe('the folder of a run that took no step', () => {
  test.each(['out', 'resume'] as const)('can be used by --%s, even with another plan', async (option) => {
    const folder = join(temporaryFolder(), 'run')
    expect(await failing({ out: folder })).toMatchObject({ left: { actual: 'no such layer' } })
    // Half-written files do not count either.
    mkdirSync(join(folder, 'checkpoints'))
    expect(await right({ [option]: folder })).toMatchObject({ _tag: 'Right' })
    expect(jsonOf(join(folder, 'plan.json'))).toMatchObject({ stages: [{ config: { epochs: 1 } }] })
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(5)
  })

  test('contains no step, no evaluation and no other file', async () => {
    for (const [name, text] of [
      ['metrics.jsonl', '{}\n'],
      ['attackEval-before.journal.jsonl', '["a",1]\n'],
      ['mine.txt', 'mine'],
    ] as const) {
      const folder = join(temporaryFolder(), 'run')
      await failing({ out: folder })
      writeFileSync(join(folder, name), text)
      expect(await right({ out: folder })).toMatchObject({ left: { _tag: 'OptionError', stage: 'out' } })
      expect(await right({ resume: folder })).toMatchObject({ left: { _tag: 'OptionError', stage: 'resume' } })
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
    }
  })

  test('is refused while its run is under way', async () => {
    const folder = join(temporaryFolder(), 'run')
    const others: unknown[] = []
    const asking = asynchronous<Step, Step>(
      concatMap(async (step) => {
        if (others.length === 0) others.push(await right({ out: folder }), await right({ resume: folder }))
        return step
      }),
    )
    await fakePipeline()
      .pipe(asking, fakeTrain({ epochs: 1 }))
      .run({ out: folder }).result
    expect(others).toHaveLength(2)
    for (const other of others)
      expect(other).toMatchObject({ left: { _tag: 'OptionError', actual: expect.stringContaining('in use by') } })
    expect(existsSync(join(folder, 'summary.json'))).toBe(true)
  })
})
