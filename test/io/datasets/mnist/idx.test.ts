import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Either } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError, type PwoaError } from '../../../../src/dsl/errors.js'
import { readIdxImages, readIdxLabels } from '../../../../src/io/datasets/mnist/idx.js'
import { fileErrorOf, unwrap } from '../../results.js'
import { idxImages, idxLabels } from './idxBytes.js'

const reason = <A>(result: Either<PwoaError, A>): string => describeError(fileErrorOf(result))

const plainOrPacked = fc.constantFrom(
  (bytes: Uint8Array): Uint8Array => bytes,
  (bytes: Uint8Array): Uint8Array => gzipSync(bytes),
)

describe('write, then read', () => {
  it('images of any size', () => {
    const size = fc.integer({ min: 1, max: 6 })
    fc.assert(
      fc.property(size, size, size, plainOrPacked, fc.infiniteStream(fc.nat({ max: 255 })), (n, r, c, pack, stream) => {
        const pixels = Uint8Array.from([...stream.take(n * r * c)])
        const read = unwrap(readIdxImages(pack(idxImages(pixels, { rows: r, columns: c })), 'f'))
        expect(read).toMatchObject({ count: n, rows: r, columns: c })
        expect([...read.pixels]).toEqual([...pixels])
      }),
    )
  })

  it('labels', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, max: 9 }), plainOrPacked, (labels, pack) => {
        expect([...unwrap(readIdxLabels(pack(idxLabels(labels)), 'f'))]).toEqual([...labels])
      }),
    )
  })
})

describe('bad files', () => {
  const pixels = new Uint8Array(8).fill(1)
  const images = idxImages(pixels, { rows: 2, columns: 2 })
  const labels = idxLabels(Uint8Array.of(0, 9))

  it('wrong magic', () => {
    expect(reason(readIdxImages(labels, 'f.gz'))).toBe(
      'mnist: f.gz: expected idx magic 2051 (images), got 2049 (labels)',
    )
    expect(reason(readIdxLabels(gzipSync(images), 'f', 10, 'other'))).toBe(
      'other: f: expected idx magic 2049 (labels), got 2051 (images)',
    )
    expect(reason(readIdxLabels(Buffer.from('<!doctype html>'), 'f'))).toContain('got a web page (HTML)')
    expect(reason(readIdxLabels(Uint8Array.of(1, 2, 3, 4), 'f'))).toContain('got 16909060')
  })

  it('counts and sizes that do not match the length', () => {
    const claim = (header: Parameters<typeof idxImages>[1]): string =>
      reason(readIdxImages(idxImages(pixels, header), 'f'))
    expect(claim({ rows: 2, columns: 2, count: 3 })).toContain('28 bytes for 3 images of 2 × 2 pixels, got 24 bytes')
    expect(claim({ rows: 2, columns: 2, count: 1 })).toContain('20 bytes for 1 images of 2 × 2 pixels, got 24 bytes')
    expect(claim({ rows: 4096, columns: 4096, count: 2 ** 32 - 1 })).toContain('got 24 bytes')
    expect(claim({ rows: 0, columns: 2, count: 0 })).toContain('one image or more, got 0 images')
    expect(claim({ rows: 0, columns: 2, count: 2 })).toContain('got 0 × 2')
    expect(claim({ rows: 5000, columns: 2, count: 2 })).toContain('got 5000 × 2')
    expect(reason(readIdxLabels(idxLabels(Uint8Array.of(1), { count: 2 }), 'f'))).toContain(
      '10 bytes for 2 labels, got 9',
    )
    expect(reason(readIdxLabels(idxLabels(new Uint8Array(0)), 'f'))).toContain('0 labels')
  })

  it('labels out of range', () => {
    expect(reason(readIdxLabels(idxLabels(Uint8Array.of(0, 3, 10, 11)), 'f'))).toBe(
      'mnist: f: expected labels from 0 to 9, got 10 as label number 2',
    )
    expect(reason(readIdxLabels(idxLabels(Uint8Array.of(2)), 'f', 2))).toContain('labels from 0 to 1')
  })

  it('cut off anywhere, gzip or not', () => {
    for (const whole of [images, new Uint8Array(gzipSync(images))]) {
      for (let length = 0; length < whole.length; length++)
        expect(reason(readIdxImages(whole.subarray(0, length), 'f'))).toMatch(/^mnist: f: expected /)
    }
    for (const whole of [labels, new Uint8Array(gzipSync(labels))]) {
      for (let length = 0; length < whole.length; length++)
        expect(reason(readIdxLabels(whole.subarray(0, length), 'f'))).toMatch(/^mnist: f: expected /)
    }
  })

  it('corrupt gzip', () => {
    const packed = new Uint8Array(gzipSync(images))
    packed[packed.length - 6] = (packed[packed.length - 6] ?? 0) ^ 1
    expect(reason(readIdxImages(packed, 'f'))).toContain('a whole gzip file, got a file that is cut off or corrupt')
  })

  it('a gzip bomb', () => {
    const bomb = gzipSync(new Uint8Array(2 ** 28 + 1), { level: 1 })
    expect(reason(readIdxImages(bomb, 'f'))).toContain('a gzip file of at most 268435456 bytes unpacked')
  })
})
