import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { writeTogether } from '../../src/io/files/writeTogether.js'
import { packageName } from '../../src/runtime/starter/starterFiles.js'
import { writeStarter } from '../../src/runtime/starter/writeStarter.js'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

const names = ['package.json', 'pipeline.ts', 'teacher-digits.safetensors', 'tsconfig.json']

const refusalOf = async (folder: string) => {
  try {
    await writeStarter(folder)
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return thrown.error
    throw thrown
  }
  throw new Error('it was not refused')
}

describe('pwoa-run init', () => {
  test('writes a project whose pipeline is ready to run', async () => {
    const folder = folderWith({})
    const { code, stdout, stderr } = await command.run(['init', 'My Project'], folder)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`pwoa-run ${join('My Project', 'pipeline.ts')}`)
    expect(readdirSync(join(folder, 'My Project')).sort()).toEqual(names)
    expect(JSON.parse(readFileSync(join(folder, 'My Project', 'package.json'), 'utf8'))).toMatchObject({
      name: 'my-project',
      type: 'module',
      dependencies: { pwoa: '^0.1.0' },
      devDependencies: { typescript: expect.stringMatching(/^\^5/), '@types/node': expect.stringMatching(/^\^20/) },
    })
    const small = ['--quick', '--set', 'images=128']
    const args = [join('My Project', 'pipeline.ts'), '--engine', 'wasm', '--out', 'run', '--json', '--quiet', ...small]
    const ran = await command.run(args, folder)
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(JSON.parse(ran.stdout)).toMatchObject({
      data: { origin: 'synthetic' },
      sparsity: expect.closeTo(0.75, 2),
      before: { examples: 8, attacks: { autoattack: expect.any(Number), pgd: expect.any(Number) } },
      after: { examples: 8 },
      artifacts: expect.arrayContaining(['pruned.safetensors']),
    })
  })

  test('refers to a checkout of this package by its path, so that npm finds it even if it is not published', async () => {
    const folder = join(folderWith({}), 'project')
    await writeStarter(folder)
    const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const root = fileURLToPath(new URL('../..', import.meta.url))
    expect(dependencies.pwoa).toMatch(/^file:/)
    expect(resolve(folder, dependencies.pwoa.slice('file:'.length))).toBe(resolve(root))
  })

  test('writes into the working folder by default, beside other files', async () => {
    const folder = folderWith({ 'notes.md': 'mine' })
    expect((await command.run(['init'], folder)).code).toBe(0)
    expect(readdirSync(folder).sort()).toEqual(['notes.md', ...names])
    const again = await command.run(['init'], folder)
    expect([again.code, again.stdout]).toEqual([2, ''])
    expect(again.stderr).toContain('init: expected a folder without package.json, tsconfig.json, pipeline.ts')
  })
})

describe('a folder with one of the files', () => {
  test.each(names)('is refused and left as it is (%s)', async (name) => {
    const folder = folderWith({ [name]: 'mine' })
    expect(await refusalOf(folder)).toMatchObject({ _tag: 'OptionError', actual: `${folder}, which has ${name}` })
    expect(readdirSync(folder)).toEqual([name])
    expect(readFileSync(join(folder, name), 'utf8')).toBe('mine')
  })
})

describe('a folder that cannot be written to', () => {
  test('is named in the error if a file is in its place', async () => {
    const folder = folderWith({ file: '' })
    for (const path of [join(folder, 'file'), join(folder, 'file', 'deeper')])
      expect(await refusalOf(path)).toMatchObject({ _tag: 'WriteError', stage: 'init' })
  })

  test.each([
    ['a new folder', ['new', 'deeper']],
    ['a folder that was there', []],
  ])('has no partial project in it afterwards: %s', async (_, below) => {
    const folder = folderWith({ 'notes.md': 'mine' })
    const tooLong = 'x'.repeat(300)
    const files = new Map([
      ['first', '1'],
      [tooLong, '2'],
      ['last', '3'],
    ])
    const result = await writeTogether(join(folder, ...below), files, 'init')()
    expect(result).toMatchObject({ _tag: 'Left', left: { _tag: 'WriteError', file: join(folder, ...below, tooLong) } })
    expect(readdirSync(folder)).toEqual(['notes.md'])
  })
})

test.each([
  ['My Project', 'my-project'],
  ['.hidden', 'hidden'],
  ['Übung (2)', 'bung-2'],
  ['...', 'pruning'],
])('the folder %j becomes the package %j', (folder, name) => {
  expect(packageName(folder)).toBe(name)
})
