import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { PwoaFailure, valueOfTask } from '../../../../src/dsl/errors.js'
import { type FromNpyOptions, fromNpy } from '../../../../src/io/datasets/arrays/fromNpy.js'
import { readNpy } from '../../../../src/io/datasets/arrays/npy.js'
import { ReadBudget } from '../../../../src/io/files/readBudget.js'
import { folderWith } from '../../../cli/commandLine.js'
import { floatsByNumpy, npyBytes, npyHeader, savedByNumpy } from '../../npyBytes.js'

const labels = (values: readonly number[]): Uint8Array =>
  npyBytes(npyHeader('|u1', `(${values.length},)`), Uint8Array.from(values))

/** A folder with the arrays, and the options that read them. */
const saved = (files: Readonly<Record<string, Uint8Array>>, more: Partial<FromNpyOptions> = {}) => {
  const folder = folderWith({})
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  const part = { images: 'x.npy', labels: 'y.npy' }
  const source = fromNpy({ name: 'mine', dataDir: folder, train: part, test: part, ...more })
  const context = { dataDir: undefined, seed: 0, signal: new AbortController().signal }
  const open = (): Promise<Dataset> => valueOfTask(source.open(context))
  return { folder, source, context, open }
}

const grey = npyBytes(npyHeader('|u1', '(2, 1, 3)'), Uint8Array.of(1, 2, 3, 4, 5, 6))

describe('arrays of NumPy', () => {
  it('are read from .npy files: bytes, and labels of any whole numbers', async () => {
    const y = npyBytes(npyHeader('<i8', '(2,)'), new Uint8Array(BigInt64Array.of(0n, 4n).buffer))
    expect(await saved({ 'x.npy': grey, 'y.npy': y }).open()).toMatchObject({
      name: 'mine',
      classes: 5,
      shape: { height: 1, width: 3, channels: 1 },
      train: { count: 2, images: Uint8Array.of(1, 2, 3, 4, 5, 6), labels: Uint16Array.of(0, 4) },
    })
  })

  it('are read from a .npz file of NumPy, with channels first or last', async () => {
    const part = { images: 'all.npz/images', labels: 'all.npz/labels' }
    const first = await saved({ 'all.npz': savedByNumpy }, { train: part, test: part, channels: 'first' }).open()
    expect(first).toMatchObject({ classes: 3, shape: { height: 1, width: 2, channels: 3 } })
    expect([...first.train.images]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11])
    const last = await saved({ 'all.npz': savedByNumpy }, { train: part, test: part }).open()
    expect(last.shape).toEqual({ height: 3, width: 1, channels: 2 })
    expect([...last.train.images]).toEqual(Array.from({ length: 12 }, (_, i) => i))
  })

  it('may be floats in [0, 1], which are rounded to bytes', async () => {
    const { train, shape } = await saved({ 'x.npy': floatsByNumpy, 'y.npy': labels([1]) }).open()
    expect(shape).toEqual({ height: 2, width: 2, channels: 1 })
    expect([...train.images]).toEqual([0, 128, 255, 1])
  })

  it('are looked at before a run, and identified by their contents', async () => {
    const { source, context, folder } = saved({ 'x.npy': grey, 'y.npy': labels([0, 1]) })
    const { says = '' } = (await valueOfTask(source.look?.(context) ?? (() => Promise.reject(new Error())))) ?? {}
    expect(says).toBe(`${join(folder, 'x.npy')}, ${join(folder, 'y.npy')}`)
    const hash = await source.contents?.(context)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    const other = saved({ 'x.npy': grey, 'y.npy': labels([1, 0]) })
    expect(await other.source.contents?.(other.context)).not.toBe(hash)
    const gone = fromNpy({
      name: 'mine',
      train: { images: 'no.npy', labels: 'y.npy' },
      test: { images: 'a', labels: 'b' },
    })
    await expect(valueOfTask(gone.look?.({ dataDir: folder }) ?? (() => Promise.reject(new Error())))).rejects.toThrow(
      /fromNpy: .*no\.npy: expected a readable file, got no such file/,
    )
  })

  const body = Uint8Array.of(1, 2, 3, 4, 5, 6)
  it.each<[string, Readonly<Record<string, Uint8Array>>, Partial<FromNpyOptions>, RegExp]>([
    ['another file', { 'x.npy': Uint8Array.of(1, 2, 3) }, {}, /expected a \.npy file/],
    ['objects', { 'x.npy': npyBytes(npyHeader('|O', '(2,)'), body) }, {}, /expected numbers: whole ones, or float32/],
    [
      'big-endian numbers',
      { 'x.npy': npyBytes(npyHeader('>f4', '(1, 1, 1)'), body) },
      {},
      /little-endian numbers, got >f4/,
    ],
    [
      'column-major arrays',
      { 'x.npy': npyBytes("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1, 3), }", body) },
      {},
      /a row-major array, got a column-major one/,
    ],
    [
      'too few bytes',
      { 'x.npy': npyBytes(npyHeader('|u1', '(9, 1, 3)'), body) },
      {},
      /27 bytes for the shape \(9, 1, 3\), got 6/,
    ],
    [
      'a flat array',
      { 'x.npy': npyBytes(npyHeader('|u1', '(6,)'), body) },
      {},
      /images of shape \(count, height, width, /,
    ],
    [
      'whole numbers that are no bytes',
      { 'x.npy': npyBytes(npyHeader('<i2', '(1, 1, 3)'), body) },
      {},
      /uint8, or floats/,
    ],
    ['labels of another number', { 'y.npy': labels([0, 1, 1]) }, {}, /a label for each of 2 images, got 3/],
    [
      'one-hot labels',
      { 'y.npy': npyBytes(npyHeader('|u1', '(2, 3)'), body) },
      {},
      /labels of shape \(count\), got \(2, 3\)/,
    ],
    [
      'a class that is not there',
      { 'y.npy': labels([0, 7]) },
      { classes: 3 },
      /labels from 0 to 2, got 7 as label number 1/,
    ],
    [
      'an array that is not in the file',
      { 'all.npz': savedByNumpy },
      { train: { images: 'all.npz/pixels', labels: 'y.npy' } },
      /one of "images, labels", got "pixels", which is not there/,
    ],
    [
      'numbers outside [0, 1]',
      { 'x.npy': npyBytes(npyHeader('<f4', '(1, 1, 1)'), new Uint8Array(Float32Array.of(2.5).buffer)) },
      {},
      /floats in \[0, 1\], got 2\.5/,
    ],
  ])('are refused with %s', async (_, files, more, message) => {
    const { open } = saved({ 'x.npy': grey, 'y.npy': labels([0, 1]), ...files }, more)
    const failed = await open().catch((thrown) => thrown)
    expect(failed).toBeInstanceOf(PwoaFailure)
    expect(failed.message).toMatch(message)
    expect(failed.error._tag).toBe('FileError')
  })

  it('of versions 2 and 3 have longer headers', () => {
    for (const version of [1, 2, 3]) {
      const bytes = npyBytes(npyHeader('|b1', '(2,)'), Uint8Array.of(1, 0), version)
      expect(readNpy(bytes, new ReadBudget(bytes.length))).toEqual({
        shape: [2],
        type: 'b1',
        values: Uint8Array.of(1, 0),
      })
    }
    expect(() => readNpy(npyBytes(npyHeader('|u1', '()'), Uint8Array.of(1), 4), new ReadBudget(1))).toThrow(
      'version 1, 2 or 3',
    )
  })
})
