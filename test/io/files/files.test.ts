import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as t from 'io-ts'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { describeError } from '../../../src/dsl/errors.js'
import { readCheckpoint } from '../../../src/io/checkpoints/readCheckpoint.js'
import { encodeSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import { readJsonFile } from '../../../src/io/files/jsonFile.js'
import { readWhole } from '../../../src/io/files/readWhole.js'
import { toWriteError, writeWhole } from '../../../src/io/files/writeWhole.js'
import { call, concat, global, pickle, text } from '../bytes.js'
import { errorOf, fileErrorOf, unwrap } from '../results.js'

const folder = mkdtempSync(join(tmpdir(), 'pwoa-files-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)
const put = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(at(name), bytes)
  return at(name)
}

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/checkpoints/${name}`, import.meta.url))
const tensors = new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]])
const safetensors = unwrap(encodeSafetensors(tensors))

const refusal = async (path: string): Promise<string> => {
  const error = fileErrorOf(await readCheckpoint(path, { stage: 'evaluate' })())
  expect(error).toMatchObject({ file: path, stage: 'evaluate' })
  return `expected ${error.expected}, got ${error.actual}`
}

describe('readCheckpoint', () => {
  it('recognises the format by the contents, not by the extension', async () => {
    const read = async (path: string): Promise<string[]> => [...unwrap(await readCheckpoint(path)()).tensors.keys()]
    expect(await read(put('a.txt', safetensors))).toEqual(['w'])
    expect((await read(put('b.safetensors', fixture('dtypes-zip.pt')))).length).toBe(16)
    expect((await read(put('c', fixture('dtypes-legacy.pt')))).length).toBe(16)
    expect((await read(put('d', fixture('dtypes-legacy-protocol1.pt')))).length).toBe(16)
  })

  it('does not take the length of a safetensors header for the beginning of a pickle', async () => {
    const firstBytes = new Set<number>()
    for (let length = 0; length < 1500; length += 8) {
      const bytes = unwrap(encodeSafetensors(tensors, { note: 'x'.repeat(length) }))
      firstBytes.add((bytes[0] ?? 0) + 256 * (bytes[1] ?? 0))
      expect([...unwrap(await readCheckpoint(put('padded', bytes))()).tensors.keys()]).toEqual(['w'])
    }
    // 0x80 and a version: how a pickle begins.
    for (const length of [0x280, 0x380, 0x480, 0x580]) expect(firstBytes).toContain(length)
  })

  it('states what is wrong with the file', async () => {
    mkdirSync(at('folder'))
    expect(await refusal(at('missing.pth'))).toBe('expected a readable file, got no such file')
    expect(await refusal(at('folder'))).toBe('expected a file, got a folder')
    expect(await refusal(put('empty', ''))).toBe('expected a file with contents, got an empty file')
    expect(await refusal(join(put('file', 'x'), 'y'))).toContain('not a folder')
    expect(await refusal(put('text', '<!doctype html><html>'))).toBe(
      'expected a PyTorch, safetensors or ONNX file, got a web page (HTML)',
    )
    expect(await refusal(put('bytes', Uint8Array.of(1, 2, 3)))).toBe(
      'expected a PyTorch, safetensors or ONNX file, got another kind of file, of 3 bytes',
    )
    expect(await refusal('/dev/null')).toBe('expected a file, got a device or a pipe')
    expect(await refusal('a\0b')).toContain('null bytes')
  })

  const tar = (name: string): Uint8Array => concat(name.padEnd(257, '\0'), 'ustar', new Uint8Array(250))

  it.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n', 'a Git LFS pointer', 'git lfs pull'],
    ['<!DOCTYPE html><html>', 'a web page (HTML)', 'download the file itself'],
    ['\n<html lang="en">', 'a web page (HTML)', 'download the file itself'],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'an XML text', 'Read it for the reason'],
    [gzipSync('x'), 'gzip data', 'gunzip'],
    [concat('BZh91AY&SY'), 'bzip2 data', 'bunzip2'],
    [concat('\xfd7zXZ\0'), 'xz data', 'unxz'],
    [tar('storages'), 'a checkpoint of PyTorch before version 0.1.10, a tar archive', 'torch.save(torch.load('],
    [tar('cifar/data'), 'a tar archive', 'tar xf'],
    [concat('\x89HDF\r\n\x1a\n'), 'an HDF5 file', 'safetensors'],
    [concat('\x93NUMPY\x01\0'), 'a NumPy array', 'safetensors'],
    ['Entry not found', 'a text that begins with "Entry not found"', undefined],
  ])('names another kind of file and what to do: %s', async (bytes, actual, hint) => {
    for (const name of ['net.pth', 'net.safetensors', 'net.onnx']) {
      const error = fileErrorOf(await readCheckpoint(put(name, bytes))())
      expect(error.actual).toContain(actual)
      if (hint === undefined) expect(error.hint).toBeUndefined()
      else expect(error.hint).toContain(hint)
    }
  })

  it.each([
    ['protocol 2', pickle(call(global('os', 'system'), text('true')))],
    ['protocol 0', concat('cos\nsystem\n(S"true"\ntR.')],
    ['an instance', concat('(ios\nsystem\n.')],
  ])('a bare malicious pickle is refused by name: %s', async (_, bytes) => {
    expect(await refusal(put('evil.pth', bytes))).toBe(
      'expected a PyTorch checkpoint, got a pickle that refers to "os.system"',
    )
  })

  it('cut off at every 1/16 of its length: one FileError', async () => {
    for (const [index, bytes] of [safetensors, fixture('dtypes-zip.pt'), fixture('training-run.pt')].entries()) {
      for (let part = 1; part < 16; part++) {
        await refusal(put(`cut${index}`, bytes.subarray(0, Math.floor((bytes.length * part) / 16))))
      }
    }
  })
})

describe('readWhole', () => {
  it('refuses a file above the limit before reading it', async () => {
    const error = errorOf(await readWhole({ stage: 's', file: put('big', 'x'.repeat(100)) }, 99)())
    expect(describeError(error)).toContain('a file of at most 99 bytes, got 100 bytes')
  })
})

describe('readJsonFile', () => {
  const read = (file: string) => readJsonFile(t.UnknownRecord, { stage: 's', file })

  it('returns the value; undefined for no file', () => {
    expect(unwrap(read(put('a.json', '{"a":{"b":1},"b":2}')))).toEqual({ a: { b: 1 }, b: 2 })
    expect(unwrap(read(at('none.json')))).toBeUndefined()
  })

  it.each([
    [
      'a name that is there twice',
      () => put('twice.json', '{"a":{"seed":1,"seed":2}}'),
      'each name once, got "seed" twice',
    ],
    ['a device', () => '/dev/null', 'a file, got a device or a pipe'],
    ['other text', () => put('text.json', '{'), 'JSON, got something else'],
    ['a folder', () => folder, 'got a folder'],
  ])('refuses %s', (_what, file, expected) => {
    expect(describeError(fileErrorOf(read(file())))).toContain(expected)
  })
})

describe('writeWhole', () => {
  it('writes text and bytes, creates folders, replaces files and leaves no other files', async () => {
    const path = at('new/deep/a.bin')
    unwrap(await writeWhole(path, 'text', 's')())
    expect(readFileSync(path, 'utf8')).toBe('text')
    // A view into a larger buffer: only the view is written.
    unwrap(await writeWhole(path, new Uint8Array([9, 1, 2, 9]).subarray(1, 3), 's')())
    expect([...readFileSync(path)]).toEqual([1, 2])
    expect(readdirSync(at('new/deep'))).toEqual(['a.bin'])
  })

  it('makes one system call for a large file, and continues after a short write', async () => {
    const handle = await open(at('any'), 'w')
    const kind: Pick<FileHandle, 'write'> = Object.getPrototypeOf(handle)
    await handle.close()
    const original = kind.write
    const write = vi.spyOn(kind, 'write')
    onTestFinished(() => write.mockRestore())
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => i % 251)
    unwrap(await writeWhole(at('large'), bytes, 's')())
    expect(write).toHaveBeenCalledTimes(1)
    expect(readFileSync(at('large')).equals(bytes)).toBe(true)

    write.mockClear()
    write.mockImplementation(function (this: FileHandle, data: unknown, from: unknown) {
      const most = Math.min(1_000_000, bytes.length - Number(from))
      return Reflect.apply(original, this, [data, from, most])
    })
    unwrap(await writeWhole(at('short'), bytes, 's')())
    expect(write).toHaveBeenCalledTimes(4)
    expect(readFileSync(at('short')).equals(bytes)).toBe(true)
  })

  it('states what prevents the write', async () => {
    mkdirSync(at('taken'))
    const onFolder = errorOf(await writeWhole(at('taken'), 'x', 'exportModel')())
    expect(onFolder).toMatchObject({ _tag: 'WriteError', stage: 'exportModel', file: at('taken') })
    expect(onFolder.actual).toBe('a folder of that name')
    const underFile = errorOf(await writeWhole(join(put('plain', 'x'), 'a'), 'x', 's')())
    expect(underFile.actual).toBe('a file where the path needs a folder')
    expect(readdirSync(folder).filter((name) => name.startsWith('taken'))).toEqual(['taken'])
  })

  it.each([
    ['ENOSPC', 'a full disk'],
    ['EDQUOT', 'a used-up disk quota'],
    ['EROFS', 'a read-only file system'],
    ['EACCES', 'no permission to write there'],
    ['EIO', 'EIO: boom'],
  ])('%s is reported as %s', (code, actual) => {
    const error = toWriteError('f', 's', Object.assign(new Error(`${code}: boom`), { code }))
    expect(error).toMatchObject({ _tag: 'WriteError', file: 'f', stage: 's', actual })
  })
})
