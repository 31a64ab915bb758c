import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { writeInParts } from '../../../src/io/files/writeInParts.js'
import { temporaryFolder } from '../../runtime/fakes.js'

const text = (content: string): Uint8Array => Buffer.from(content)

const failure = async (act: Promise<unknown>): Promise<unknown> => {
  try {
    await act
  } catch (thrown) {
    return thrown instanceof PwoaFailure ? thrown.error : thrown
  }
  throw new Error('it did not fail')
}

describe('a file in parts', () => {
  test('has them all in their order, by the name that comes last, in a new folder', async () => {
    const folder = join(temporaryFolder(), 'a', 'b')
    const path = await writeInParts(folder, 'here', async (append) => {
      append(text('one '))
      append(text('two'))
      return 'numbers'
    })
    expect(path).toBe(join(folder, 'numbers'))
    expect(readFileSync(path, 'utf8')).toBe('one two')
    expect(readdirSync(folder)).toEqual(['numbers'])
  })

  test('without any part is empty', async () => {
    expect(readFileSync(await writeInParts(temporaryFolder(), 'here', async () => 'nothing'))).toHaveLength(0)
  })

  test('keeps at most a megabyte and one part in memory', async () => {
    const folder = temporaryFolder()
    const part = new Uint8Array(10_000).fill(7)
    const onDisk = (): number => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    let most = 0
    const path = await writeInParts(folder, 'here', async (append) => {
      for (let count = 1; count <= 1000; count++) {
        append(part)
        most = Math.max(most, count * part.length - onDisk())
      }
      return 'long'
    })
    expect(statSync(path).size).toBe(10_000_000)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2 ** 20 + part.length)
  })

  test('replaces an earlier one only when it is whole', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), 'before')
    const broken = writeInParts(folder, 'here', async (append) => {
      append(new Uint8Array(3_000_000))
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('before')
      throw new Error('broken')
    })
    expect(await failure(broken)).toEqual(new Error('broken'))
    expect(readdirSync(folder)).toEqual(['file'])
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('before')
  })

  test.each([10, 3_000_000])('that breaks after %i bytes leaves neither a part nor its folders', async (bytes) => {
    const root = temporaryFolder()
    mkdirSync(join(root, 'there'))
    const broken = writeInParts(join(root, 'there', 'a', 'b'), 'here', async (append) => {
      append(new Uint8Array(bytes))
      throw new Error('broken')
    })
    expect(await failure(broken)).toEqual(new Error('broken'))
    expect(existsSync(join(root, 'there', 'a'))).toBe(false)
    expect(existsSync(join(root, 'there'))).toBe(true)
  })

  test('that can not be written is a WriteError with the reason', async () => {
    const folder = join(temporaryFolder(), 'file')
    writeFileSync(folder, '')
    expect(await failure(writeInParts(join(folder, 'in it'), 'here', async () => 'x'))).toMatchObject({
      _tag: 'WriteError',
      stage: 'here',
      actual: 'a file where the path needs a folder',
    })
  })
})
