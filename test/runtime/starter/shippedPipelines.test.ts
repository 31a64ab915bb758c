import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { copyPipeline } from '../../../src/runtime/starter/copyPipeline.js'
import { pipelineFileOf, shippedPipelines } from '../../../src/runtime/starter/shippedPipelines.js'
import { folderWith } from '../../cli/commandLine.js'

const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('it was not refused')
    },
    (thrown: unknown) => {
      if (thrown instanceof PwoaFailure) return thrown.error
      throw thrown
    },
  )

test('each shipped pipeline has a line that says what it is for', async () => {
  const all = await shippedPipelines()
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['quickstart', 'mnist', 'cifar10', 'sweep']))
  for (const { name, about } of all) {
    expect(about, name).toMatch(/^[A-Z][^`*\n]{20,180}\.$/)
  }
  expect(all.find(({ name }) => name === 'mnist')?.about).toBe('Prunes a robust MNIST network.')
})

describe('the pipeline file that a word means', () => {
  test('is the file of that path, if there is one', async () => {
    const folder = folderWith({ 'mnist.ts': '', mnist: '' })
    for (const name of ['mnist', 'mnist.ts']) expect(await pipelineFileOf(join(folder, name))).toBe(join(folder, name))
  })

  test('else the one that comes with the package, and otherwise the word itself', async () => {
    expect(await pipelineFileOf('mnist')).toMatch(/pipelines[/\\]mnist\.ts$/)
    for (const word of ['mnist.ts', 'cifar1', '../pipelines/mnist']) expect(await pipelineFileOf(word)).toBe(word)
  })
})

describe('a copy', () => {
  test('has the files that it needs beside it', async () => {
    const folder = folderWith({})
    expect(await copyPipeline('quickstart', folder)).toEqual(['quickstart.ts', 'teacher-digits.safetensors'])
    const text = readFileSync(join(folder, 'quickstart.ts'), 'utf8')
    expect(text).toContain("new URL('teacher-digits.safetensors', import.meta.url)")
    expect(text).not.toContain('../')
  })

  test('keeps the same file beside it, and overwrites none', async () => {
    const folder = folderWith({})
    expect(await copyPipeline('cifar10', folder)).toEqual(['cifar10.ts'])
    expect(await copyPipeline('cifar100', folder)).toEqual(['cifar100.ts'])
    writeFileSync(join(folder, 'cifar10.ts'), 'mine')
    expect(await refusalOf(copyPipeline('cifar10', folder))).toMatchObject({ _tag: 'OptionError', stage: 'copy' })
    const other = folderWith({ 'cifar10.ts': 'mine' })
    expect(await refusalOf(copyPipeline('cifar100', other))).toMatchObject({ _tag: 'OptionError', stage: 'copy' })
    expect(readdirSync(other)).toEqual(['cifar10.ts'])
  })

  test('of an unknown name is refused, with the nearest one', async () => {
    expect(await refusalOf(copyPipeline('cifar', folderWith({})))).toMatchObject({
      _tag: 'UsageError',
      actual: '"cifar"',
      hint: 'Did you mean cifar10?',
    })
  })
})
