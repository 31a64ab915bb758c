import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { knownFile } from '../../../src/runtime/queue/worker/knownFile.js'
import { temporaryFolder } from '../fakes.js'
import { emptySweep } from './enqueued.js'

const hurt = (folder: string): string => `import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(join(folder, 'hurt'))}, '')
`

/** A folder with `pipelines` and files beside it. */
const place = (files: Readonly<Record<string, string>>): string => {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const files = {
  'pipelines/a.ts': emptySweep,
  'pipelines/deep/b.ts': emptySweep,
  'pipelines/node_modules/other/index.js': emptySweep,
  'pipelines/lib.ts': 'export const rate = 4\n',
  'pipelines/script.ts': 'export default 5\n',
  'pipelines/broken.ts': 'export default sweep(\n',
  'c.ts': emptySweep,
  'pipelines-too/d.ts': emptySweep,
}

describe('a file that a job names', () => {
  test('is run if it is directly in the folder and exports a pipeline', async () => {
    const folder = place(files)
    const pipelines = join(folder, 'pipelines')
    symlinkSync(join(folder, 'c.ts'), join(pipelines, 'link.ts'))
    symlinkSync(join(pipelines, 'a.ts'), join(pipelines, 'inner.ts'))
    const look = (file: string, allow: readonly string[] = []) => knownFile({ pipelines, allow }, file)
    for (const name of ['a.ts', 'deep/../a.ts', 'inner.ts'])
      expect(await look(name), name).toMatchObject({ right: { path: join(pipelines, 'a.ts') } })
    const denials: Readonly<Record<string, string>> = {
      'deep/b.ts': `a file directly in ${pipelines}, or one that --allow names`,
      'node_modules/other/index.js': `a file directly in ${pipelines}, or one that --allow names`,
      'lib.ts': 'a file that exports a pipeline, or one that --allow names',
      'script.ts': 'a file that exports a pipeline, or one that --allow names',
      'broken.ts': 'a file that compiles',
      '../c.ts': `a file in ${pipelines}`,
      'deep/../../c.ts': `a file in ${pipelines}`,
      'link.ts': `a file in ${pipelines}`,
      '../pipelines-too/d.ts': `a file in ${pipelines}`,
      '/etc/hostname': `a file in ${pipelines}`,
      'gone.ts': `a file in ${pipelines}`,
    }
    for (const [name, expected] of Object.entries(denials))
      expect(await look(name), name).toMatchObject({ left: { error: { expected } } })
    for (const name of ['deep/b.ts', 'node_modules/other/index.js', 'script.ts'])
      expect(await look(name, [name]), name).toMatchObject({ right: { path: join(pipelines, name) } })
  })

  test('is not imported to find out', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a.ts'), `${hurt(folder)}${emptySweep}`)
    expect(await knownFile({ pipelines: folder, allow: [] }, 'a.ts')).toMatchObject({ _tag: 'Right' })
    expect(existsSync(join(folder, 'hurt'))).toBe(false)
  })

  test('has another version if its code, or that of a file it imports, has changed', async () => {
    const folder = place({
      ...files,
      'pipelines/a.ts': `import { rate } from './lib'\nexport const it = rate\n${emptySweep}`,
    })
    const pipelines = join(folder, 'pipelines')
    const version = async () => {
      const found = await knownFile({ pipelines, allow: [] }, 'a.ts')
      return 'right' in found ? found.right.version : found.left.error
    }
    const before = await version()
    expect(before).toMatch(/^[0-9a-f]{20}$/)
    writeFileSync(join(pipelines, 'lib.ts'), '// a comment\nexport const rate = 4\n')
    expect(await version()).toBe(before)
    writeFileSync(join(pipelines, 'lib.ts'), 'export const rate = 5\n')
    expect(await version()).not.toBe(before)
  })
})
