import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { expect, test } from 'vitest'
import { given } from '../../../src/dsl/kit/given.js'
import { type Op, type StageInfo, stage } from '../../../src/dsl/op.js'
import { compare } from '../../../src/runtime/comparison/compare.js'
import { runsOf } from '../../../src/runtime/file/definePipeline.js'
import { lookAhead, lookAtAll } from '../../../src/runtime/run/lookAhead.js'
import { fakePipeline, fakeSource, fakeTrain, temporaryFolder } from '../fakes.js'

const writing: Op<object, object> = stage(
  { stage: 'writing', config: {}, needs: [], adds: [], writes: ['teacher.pth'] },
  (source) => source,
)

/** A stage that reads a file, and says so when it looks. */
const looking = (file: string): Op<object, object> =>
  stage(
    {
      stage: 'looking',
      config: { file },
      needs: [],
      adds: [],
      reads: [file],
      look: () => TE.right({ says: [`seen ${file}`] }),
    },
    (source) => source,
  )

const comparisonIn = (out: string, file: string) =>
  compare('two', {
    'the teacher': fakePipeline().pipe(writing, fakeTrain({ epochs: 1 })),
    student: fakePipeline().pipe(looking(join(out, file)), fakeTrain({ epochs: 1 })),
  })

test('a file that an earlier row of a comparison writes is no missing file', async () => {
  const out = temporaryFolder()
  const file = join(out, '1-the-teacher', 'teacher.pth')
  const runs = runsOf(comparisonIn(out, '1-the-teacher/teacher.pth'))
  expect(await lookAtAll(runs, undefined)).toEqual([`${file}: an earlier row writes it`])
  mkdirSync(join(out, '1-the-teacher'))
  writeFileSync(file, 'a')
  expect(await lookAtAll(runs, undefined)).toEqual([`seen ${file}`])
})

test.each(['1-the-teacher/other.pth', '2-student/teacher.pth', 'teacher.pth'])(
  'another file that is missing is one: %s',
  async (file) => {
    const runs = runsOf(comparisonIn(temporaryFolder(), file))
    await expect(lookAtAll(runs, undefined)).rejects.toMatchObject({ error: { actual: 'no such file' } })
  },
)

test('a row can’t read what a later row writes', async () => {
  const out = temporaryFolder()
  const [first, second] = runsOf(comparisonIn(out, '1-the-teacher/teacher.pth'))
  if (!first || !second) throw new Error('two rows')
  await expect(lookAtAll([second, first], undefined)).rejects.toMatchObject({ error: { actual: 'no such file' } })
})

test.each([
  ['parts', undefined, undefined, 'parts'],
  ['operations', undefined, undefined, 'operations'],
  ['operations', 'parts', undefined, 'parts'],
  ['parts', 'operations', undefined, 'operations'],
  ['operations', 'parts', 'operations', 'operations'],
] as const)(
  'what a stage finds decides how cores share its work: declared %s, found %s',
  async (declared, found, other, shared) => {
    const info = { config: {}, needs: [], adds: [] }
    const plan: readonly StageInfo[] = [
      {
        ...info,
        stage: 'reading',
        parallel: declared,
        look: () => TE.right({ says: [], ...given({ parallel: found }) }),
      },
      { ...info, stage: 'other', ...given({ parallel: other }) },
    ]
    expect((await lookAhead({ plan, source: fakeSource }, undefined)).parallel).toBe(shared)
  },
)
