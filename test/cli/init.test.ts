import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/cli/parseArguments.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { imageFolder } from '../../src/io/datasets/images/imageFolder.js'
import { writeTogether } from '../../src/io/files/writeTogether.js'
import { packageName } from '../../src/runtime/starter/starterFiles.js'
import { templateNames } from '../../src/runtime/starter/templates.js'
import { writeStarter } from '../../src/runtime/starter/writeStarter.js'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

const names = [
  '.gitignore',
  'README.md',
  'package.json',
  'pipeline.test.js',
  'pipeline.ts',
  'teacher-digits.safetensors',
  'tsconfig.json',
]

const refusalOf = async (folder: string) => {
  try {
    await writeStarter(folder, 'quickstart')
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
    expect(stdout).toContain("cd 'My Project' && npm install && npm start")
    expect(readdirSync(join(folder, 'My Project')).sort()).toEqual(names)
    expect(JSON.parse(readFileSync(join(folder, 'My Project', 'package.json'), 'utf8'))).toMatchObject({
      name: 'my-project',
      type: 'module',
      scripts: { start: 'pwoa-run pipeline.ts', test: 'node --test' },
      dependencies: { pwoa: expect.stringMatching(/^file:/) },
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
    await writeStarter(folder, 'quickstart')
    const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const root = fileURLToPath(new URL('../..', import.meta.url))
    expect(dependencies.pwoa).toMatch(/^file:/)
    expect(resolve(folder, dependencies.pwoa.slice('file:'.length))).toBe(resolve(root))
  })

  test('writes into the working folder by default, beside other files', async () => {
    const folder = folderWith({ 'notes.md': 'mine' })
    expect((await command.run(['init'], folder)).code).toBe(0)
    expect(readdirSync(folder).sort()).toEqual(['notes.md', ...names].sort())
    const again = await command.run(['init'], folder)
    expect([again.code, again.stdout]).toEqual([2, ''])
    expect(again.stderr).toContain(
      'init: expected a folder without package.json, .gitignore, pipeline.test.js, tsconfig.json, README.md, pipeline.ts',
    )
  })
})

describe('every template', () => {
  test.each(templateNames)('%s has a pipeline file, a test and a README', async (template) => {
    const folder = join(folderWith({}), 'project')
    const written = await writeStarter(folder, template)
    expect(written).toEqual(expect.arrayContaining(['.gitignore', 'README.md', 'package.json', 'pipeline.test.js']))
    const text = readFileSync(join(folder, 'pipeline.ts'), 'utf8')
    expect(text).toContain("from 'pwoa'")
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('npm test')
    expect(written.includes('teacher-digits.safetensors')).toBe(text.includes('teacher-digits'))
  })

  test('images has pictures of three classes, which are read as an image folder', async () => {
    const folder = join(folderWith({}), 'project')
    await writeStarter(folder, 'images')
    const dataDir = join(folder, 'images')
    const source = imageFolder({ name: 'shapes', color: 'grey' })
    const context = { dataDir, seed: 0, signal: new AbortController().signal }
    expect(await source.open(context)()).toMatchObject({
      right: { classes: 3, shape: { height: 16, width: 16, channels: 1 }, train: { count: 72 }, test: { count: 24 } },
    })
  })

  test('an unknown one is refused, with the nearest', () => {
    expect(() => parseArguments(['init', '--template', 'sweeps'])).toThrow(/expected one of quickstart, cifar/)
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
