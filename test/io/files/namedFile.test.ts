/** Which files the names inside of other files may stand for. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkpointContent } from '../../../src/io/checkpoints/checkpointContent.js'
import { dataTypes, EXTERNAL, encodeModel } from '../../../src/io/checkpoints/onnx/graph/messages.js'
import { MOST_NAMED_BYTES, namedFile, readNamed } from '../../../src/io/files/namedFile.js'
import { temporaryFolder } from '../../runtime/fakes.js'

/** A folder with a file that names others, in a folder with more files. */
const folders = (): { readonly around: string; readonly own: string; readonly file: string } => {
  const around = temporaryFolder()
  const own = join(around, 'own')
  mkdirSync(join(own, 'deeper'), { recursive: true })
  writeFileSync(join(around, 'secret.bin'), 'secret')
  writeFileSync(join(own, 'w.bin'), 'weights')
  writeFileSync(join(own, 'deeper', 'w.bin'), 'weights')
  return { around, own, file: join(own, 'net.onnx') }
}

const complaint = (read: () => unknown): string => {
  try {
    read()
    return 'none'
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

/** Names that must not be opened, and what is said. */
const forbidden = ({ around, own }: ReturnType<typeof folders>): Readonly<Record<string, string>> => {
  symlinkSync(join(around, 'secret.bin'), join(own, 'link.bin'))
  symlinkSync(around, join(own, 'out'))
  symlinkSync('/dev/zero', join(own, 'zero.bin'))
  symlinkSync('loop.bin', join(own, 'loop.bin'))
  execFileSync('mkfifo', [join(own, 'pipe.bin')])
  writeFileSync(join(own, 'large.bin'), '')
  truncateSync(join(own, 'large.bin'), MOST_NAMED_BYTES + 1)
  return {
    '../secret.bin': '"../secret.bin"',
    'deeper/../../secret.bin': 'secret.bin"',
    [join(around, 'secret.bin')]: 'secret.bin"',
    '../../../../../../../../dev/zero': 'dev/zero"',
    '/dev/zero': '"/dev/zero"',
    '': '""',
    '.': '"."',
    '..': '".."',
    'missing.bin': 'no "missing.bin" there',
    'nul\0.bin': 'there',
    'link.bin': '"link.bin", a link that leads elsewhere',
    'out/secret.bin': '"out/secret.bin", a link that leads elsewhere',
    'zero.bin': '"zero.bin", a link that leads elsewhere',
    'loop.bin': 'no "loop.bin" there',
    deeper: '"deeper", a folder',
    'pipe.bin': '"pipe.bin", a device or a pipe',
    'large.bin': `${MOST_NAMED_BYTES + 1} bytes`,
  }
}

describe('a name inside a file', () => {
  it('stands for a file in its folder or below', () => {
    const { own, file } = folders()
    symlinkSync('w.bin', join(own, 'link.bin'))
    expect(namedFile(file, 'w.bin', 'it').size).toBe(7)
    expect(namedFile(file, './deeper/../w.bin', 'it').path).toBe(namedFile(file, 'w.bin', 'it').path)
    expect(namedFile(file, 'deeper/w.bin', 'it').size).toBe(7)
    expect(namedFile(file, 'link.bin', 'it').path).toBe(namedFile(file, 'w.bin', 'it').path)
  })

  it('never stands for anything else', () => {
    const all = folders()
    for (const [name, actual] of Object.entries(forbidden(all)))
      expect(
        complaint(() => namedFile(all.file, name, 'tensor "w"')),
        name,
      ).toMatch(
        new RegExp(`^expected a file in the same folder for tensor "w".* got .*${actual.replaceAll(/[.]/g, '\\.')}$`),
      )
  })

  it('gives only bytes that are in the file', () => {
    const { file } = folders()
    const named = namedFile(file, 'w.bin', 'it')
    expect(Buffer.from(readNamed(named, 2, 3, 'it')).toString()).toBe('igh')
    for (const [offset, length] of [
      [5, 3],
      [8, 0],
      [-1, 2],
      [0, -1],
      [Number.NaN, 1],
    ] as const)
      expect(complaint(() => readNamed(named, offset, length, 'it'))).toMatch(/of "w.bin" for it, got 7 bytes$/)
    writeFileSync(named.path, 'short')
    expect(complaint(() => readNamed(named, 0, 7, 'it'))).toBe('expected bytes 0 to 7 of "w.bin" for it, got 5 bytes')
  })
})

describe('the content of a checkpoint', () => {
  const external = (location: string) => ({
    name: 'w',
    dims: [1],
    dataType: dataTypes.float,
    dataLocation: EXTERNAL,
    externalData: [{ key: 'location', value: location }],
  })
  const modelWith = (location: string, place: 'initializer' | 'attribute' = 'initializer'): Uint8Array =>
    encodeModel({
      irVersion: 8,
      opsetImport: [{ domain: '', version: 17 }],
      graph: {
        name: 'named',
        node:
          place === 'attribute'
            ? [{ opType: 'Constant', output: ['w'], attribute: [{ name: 'value', t: external(location), type: 4 }] }]
            : [],
        initializer: place === 'initializer' ? [external(location)] : [],
      },
    })

  it.each(['initializer', 'attribute'] as const)('includes the files that its tensors are in: an %s', (place) => {
    const { own, file } = folders()
    writeFileSync(file, modelWith('w.bin', place))
    const before = checkpointContent(file)
    writeFileSync(join(own, 'w.bin'), 'others!')
    expect(checkpointContent(file)).not.toBe(before)
  })

  it('includes nothing that its reader would not open', () => {
    const all = folders()
    for (const name of Object.keys(forbidden(all))) {
      writeFileSync(all.file, modelWith(name))
      const before = checkpointContent(all.file)
      writeFileSync(join(all.around, 'secret.bin'), name)
      expect(checkpointContent(all.file), name).toBe(before)
    }
  })

  it('does not wait for a pipe', () => {
    const { own } = folders()
    const pipe = join(own, 'pipe.onnx')
    execFileSync('mkfifo', [pipe])
    expect(checkpointContent(pipe)).toBe(`unreadable: ${pipe}`)
  })
})
