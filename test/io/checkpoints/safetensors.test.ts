import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../src/dsl/errors.js'
import { encodeSafetensors, readSafetensors, type SavedTensor } from '../../../src/io/checkpoints/safetensors.js'
import { concat, floats, u64 } from '../bytes.js'
import { errorOf, fileErrorOf, unwrap } from '../results.js'

const file = (header: string, data: Uint8Array = new Uint8Array(0)): Uint8Array =>
  concat(u64(Buffer.byteLength(header)), Buffer.from(header, 'utf8'), data)

const refusal = (bytes: Uint8Array): string => describeError(fileErrorOf(readSafetensors(bytes, 'a.safetensors')))

const entry = (dtype: string, shape: readonly unknown[], begin: number, end: number): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] })

const shape = fc.array(fc.nat({ max: 4 }), { maxLength: 4 })
const count = (extents: readonly number[]): number => extents.reduce((product, extent) => product * extent, 1)
const saved: fc.Arbitrary<SavedTensor> = shape.chain((extents) =>
  fc.record({
    shape: fc.constant(extents),
    data: fc.oneof(
      fc.float32Array({ minLength: count(extents), maxLength: count(extents) }),
      fc.uint8Array({ minLength: count(extents), maxLength: count(extents) }),
    ),
  }),
)
const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.nat().map(String),
  fc.constantFrom('__proto__', 'constructor', 'a.weight', '"', '\\', '{'),
)

describe('write, then read', () => {
  it('returns the same tensors and text, with a header aligned to 8 bytes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, saved), { selector: ([key]) => key, maxLength: 6 }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
        (tensors, metadata) => {
          const bytes = unwrap(encodeSafetensors(new Map(tensors), metadata))
          const header = Number(new DataView(bytes.buffer).getBigUint64(0, true))
          expect(header % 8).toBe(0)
          const read = unwrap(readSafetensors(bytes, 'a'))
          expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort())
          expect(read.tensors.size).toBe(tensors.length)
          for (const [key, tensor] of tensors) {
            expect(read.tensors.get(key)?.shape).toEqual(tensor.shape)
            expect(read.tensors.get(key)?.data).toEqual(Float32Array.from(tensor.data))
          }
        },
      ),
    )
  })

  it('keeps the order of tensors, also of names that are numbers, float32 before bytes', () => {
    const one: SavedTensor = { shape: [1], data: Float32Array.of(1) }
    const mask: SavedTensor = { shape: [1], data: Uint8Array.of(1) }
    const bytes = unwrap(
      encodeSafetensors(
        new Map([
          ['m', mask],
          ['b', one],
          ['7', one],
          ['a', one],
          ['1', one],
        ]),
      ),
    )
    expect([...unwrap(readSafetensors(bytes, 'a')).tensors.keys()]).toEqual(['b', '7', 'a', '1', 'm'])
  })

  it('cut off anywhere, or one byte longer, is refused', () => {
    const bytes = unwrap(encodeSafetensors(new Map([['w', { shape: [3], data: Float32Array.of(1, 2, 3) }]])))
    for (let length = 0; length < bytes.length; length++)
      expect(refusal(bytes.subarray(0, length))).toContain(': expected ')
    expect(refusal(concat(bytes, 'x'))).toContain('12 bytes of data, got 13 bytes')
  })

  it('refuses to write tensors that could not be read back', () => {
    const error = errorOf(encodeSafetensors(new Map([['w', { shape: [2], data: Float32Array.of(1) }]]), {}, 'o.st'))
    expect(describeError(error)).toBe('exportModel: o.st: expected tensor "w" with 2 values for shape [2], got 1')
    errorOf(encodeSafetensors(new Map([['__metadata__', { shape: [1], data: Float32Array.of(1) }]])))
    errorOf(encodeSafetensors(new Map([['w', { shape: [-1, -1], data: Float32Array.of(1) }]])))
  })
})

describe('element types', () => {
  it.each([
    ['F64', new Uint8Array(Float64Array.of(1 / 3).buffer), Math.fround(1 / 3)],
    ['F32', floats(-0), -0],
    ['F16', Uint8Array.of(0x01, 0x00), 2 ** -24],
    ['F16', Uint8Array.of(0xff, 0x7b), 65504],
    ['F16', Uint8Array.of(0x00, 0xfc), Number.NEGATIVE_INFINITY],
    ['F16', Uint8Array.of(0x01, 0x7c), Number.NaN],
    ['BF16', Uint8Array.of(0x80, 0xbf), -1],
    ['I64', new Uint8Array(BigInt64Array.of(-7n).buffer), -7],
    ['I32', new Uint8Array(Int32Array.of(-7).buffer), -7],
    ['I16', new Uint8Array(Int16Array.of(-7).buffer), -7],
    ['I8', Uint8Array.of(0xf9), -7],
    ['U8', Uint8Array.of(0xf9), 249],
    ['BOOL', Uint8Array.of(1), 1],
  ])('%s', (dtype, data, value) => {
    const read = unwrap(readSafetensors(file(`{"w":${entry(dtype, [], 0, data.length)}}`, data), 'a'))
    expect(read.tensors.get('w')).toEqual({ shape: [], data: Float32Array.of(value) })
  })

  it('reads data that is not aligned', () => {
    const header = `{"a":${entry('U8', [1], 0, 1)},"w":${entry('F64', [1], 1, 9)}}`
    const bytes = concat('x', file(header, concat(Uint8Array.of(9), new Uint8Array(Float64Array.of(2.5).buffer))))
    expect(unwrap(readSafetensors(bytes.subarray(1), 'a')).tensors.get('w')?.data).toEqual(Float32Array.of(2.5))
  })
})

describe('bad files', () => {
  const data = floats(1, 2)
  const w = entry('F32', [2], 0, 8)
  it.each([
    ['nothing', new Uint8Array(0), 'at least 8 bytes'],
    ['a huge header', concat(u64(2n ** 63n), '{}'), 'a header of at most 100000000 bytes'],
    ['a header past the end', concat(u64(99), '{}'), 'cut off'],
    ['text that is not JSON', file('{"w"'), 'a JSON header'],
    ['JSON that is not an object', file('[]'), 'a JSON object'],
    ['bytes that are not UTF-8', concat(u64(3), '{', Uint8Array.of(0xff), '}'), 'a JSON header'],
    ['a name twice', file(`{"w":${w},"w":${w}}`, data), '"w" twice'],
    ['a name twice, with an escape', file(`{"w":${w},"\\u0077":${w}}`, data), '"w" twice'],
    [
      'a field twice',
      file(`{"w":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}`, data),
      '"dtype" twice',
    ],
    ['no shape', file('{"w":{"dtype":"F32","data_offsets":[0,8]}}', data), 'dtype, shape and data_offsets of "w"'],
    ['another type', file(`{"w":${entry('F8_E5M2', [8], 0, 8)}}`, data), '"F8_E5M2"'],
    ['a negative extent', file(`{"w":${entry('F32', [-2], 0, 8)}}`, data), 'of "w"'],
    ['a broken extent', file(`{"w":${entry('F32', [0.5, 4], 0, 8)}}`, data), 'of "w"'],
    ['10¹² elements', file(`{"w":${entry('F32', [1e12], 0, 4e12)}}`, data), 'cut off at 8'],
    [
      'a shape beyond all numbers',
      file(`{"w":${entry('F32', new Array(64).fill(2 ** 53 - 1), 0, 8)}}`, data),
      'Infinity bytes',
    ],
    [
      'a shape of other size',
      file(`{"w":${entry('F32', [3], 0, 8)}}`, data),
      '12 bytes for tensor "w" of shape [3], got 8',
    ],
    ['an overlap', file(`{"v":${entry('F32', [1], 0, 4)},"w":${w}}`, data), 'an overlap'],
    ['a gap', file(`{"w":${entry('F32', [1], 4, 8)}}`, data), 'a gap'],
    ['data beyond', file(`{"w":${entry('F32', [1], 0, 4)}}`, data), '4 bytes of data, got 8 bytes'],
    ['metadata that is not text', file(`{"__metadata__":{"a":1},"w":${w}}`, data), 'text values in __metadata__'],
    ['deep nesting', file(`{"w":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, data), 'a.safetensors: expected'],
  ])('%s', (_, bytes, reason) => {
    expect(refusal(bytes)).toContain(reason)
  })
})
