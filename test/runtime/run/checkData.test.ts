import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fgsm } from '../../../src/attacks/fgsm.js'
import { type Op, stage } from '../../../src/dsl/op.js'
import { composite } from '../../../src/dsl/stages/composite.js'
import { attackEval } from '../../../src/operators/attackEval.js'
import type { HasStudent } from '../../../src/training/network/network.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../fakes.js'

/** Declares a student, so that the pipeline can be built; no step reaches it. */
const student: Op<object, HasStudent> = stage(
  { stage: 'student', config: {}, needs: [], adds: ['student'] },
  (source) => source as never,
)

describe('data that a stage cannot use', () => {
  test.each([
    ['more examples than there are', { examples: 11 }, 'at most 10 examples, as many as the test set has'],
    ['more shards than blocks', { shard: { index: 0, of: 2 } }, 'at most 1 shards'],
  ])('is refused before the first step: %s', async (_, options, message) => {
    const evaluation = attackEval([fgsm({ epsilon: 0.1 })], options)
    for (const op of [evaluation, composite('method', [evaluation], (source) => source) as typeof evaluation]) {
      const out = join(temporaryFolder(), 'run')
      const steps: number[] = []
      const pipeline = fakePipeline().pipe(
        fakeTrain({ epochs: 1, during: (step) => void steps.push(step) }),
        student,
        op,
      )
      const ended = await pipeline.run({ out }).result
      expect(ended).toMatchObject({ left: { _tag: 'OptionError', stage: 'attackEval' } })
      expect(JSON.stringify(ended)).toContain(message)
      expect(steps).toEqual([])
      expect(existsSync(join(out, 'metrics.jsonl')) && readFileSync(join(out, 'metrics.jsonl'), 'utf8')).toBeFalsy()
    }
  })
})
