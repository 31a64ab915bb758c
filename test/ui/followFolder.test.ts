import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderRuns } from '../../src/runtime/records/folderRuns.js'
import { sweep } from '../../src/runtime/sweep/sweep.js'
import { lookAtFolder } from '../../src/ui/followFolder.js'
import { makeShow } from '../../src/ui/show.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../runtime/fakes.js'

const fail = (): never => {
  throw new Error('a bad point')
}

/** A sweep whose second point has failed. */
const swept = async (): Promise<string> => {
  const out = temporaryFolder()
  const point = ({ rate }: { readonly rate: number }) =>
    fakePipeline().pipe(fakeTrain({ epochs: 1, ...(rate === 2 ? { during: fail } : {}) }))
  await sweep('several', { rate: [1, 2, 4] }, point).run({ out }).result
  return out
}

/** The runs of a folder in a show after one read. */
const statesOf = async (folder: string): Promise<readonly (string | undefined)[]> => {
  const show = makeShow('folder')
  await lookAtFolder({ folder, show })()
  return show.all(undefined).runs.map(({ facts }) => facts?.state)
}

describe('reading a folder', () => {
  test('shows the points of a sweep as in its table, even without their folders', async () => {
    const folder = await swept()
    expect(await statesOf(folder)).toEqual(['done', 'failed', 'done'])
    rmSync(join(folder, 'points'), { recursive: true })
    expect(await statesOf(folder)).toEqual(['done', 'failed', 'done'])
  })

  test('leaves out runs that are followed live while it reads', async () => {
    const show = makeShow('folder')
    const folder = await swept()
    const [first = '', ...others] = folderRuns(folder, 'test').map(({ id }) => id)
    const except = new Set<string>()
    const looked = lookAtFolder({ folder, show, except })()
    except.add(first)
    await looked
    expect(show.all(undefined).runs.map(({ id }) => id)).toEqual(others)
  })

  test('shows the others beside a damaged run, and reports the damage at each read', async () => {
    const show = makeShow('folder')
    const folder = await swept()
    const [damaged, ...others] = folderRuns(folder, 'test')
    writeFileSync(join(damaged?.folder ?? '', 'metrics.jsonl'), '{"step":1}\n')
    const failures: unknown[] = []
    const look = lookAtFolder({ folder, show, failed: (thrown) => void failures.push(thrown) })
    await look()
    await look()
    expect(show.all(undefined).runs.map(({ id }) => id)).toEqual(others.map(({ id }) => id))
    const error = { _tag: 'FileError', file: join(damaged?.folder ?? '', 'metrics.jsonl') }
    expect(failures).toMatchObject([{ error }, { error }])
  })
})
