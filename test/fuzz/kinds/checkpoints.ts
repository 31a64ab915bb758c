import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import { readOnnx } from '../../../src/io/checkpoints/onnx/readOnnx.js'
import { encodeSafetensors, readSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import { describeSparse, encodeSparse, expandSparse } from '../../../src/io/checkpoints/sparse.js'
import { readTorchCheckpoint } from '../../../src/io/checkpoints/torch/readTorch.js'
import {
  call,
  concat,
  dict,
  floats,
  global,
  integer,
  legacy,
  list,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  u64,
  zip,
} from '../../io/bytes.js'
import { type FuzzKind, must, type Seed, whole } from '../kind.js'
import { constantWithoutBytes, endlessConcats, filled, manyNodes, scaleOf, smallModel } from './onnxModels.js'

const fixture = (name: string): Uint8Array => readFileSync(`test/fixtures/checkpoints/${name}`)

const one = { a: { count: 2, bytes: floats(1, 2) } }
const twoTensors = pickle(
  dict(
    text('state_dict'),
    dict(text('w'), tensor(storage('a', 2), [2], [1]), text('v'), tensor(storage('a', 2), [1, 1], [2, 1], 1)),
  ),
)

/** A zip file whose pickle, or whose numbers, are changed: its checksums are right. */
const zipped: Seed = {
  parts: [twoTensors, floats(1, 2)],
  build: ([object = twoTensors, numbers = floats(1, 2)]) =>
    zip({ name: 'm/data.pkl', bytes: object, method: 'deflated' }, { name: 'm/data/a', bytes: numbers }),
}

const legacyFile: Seed = { parts: [twoTensors], build: ([object = twoTensors]) => legacy(object, one) }

const orderedDict = global('collections', 'OrderedDict')

const script = (object: Uint8Array): Uint8Array =>
  zip(
    { name: 'm/data.pkl', bytes: object, method: 'deflated' },
    { name: 'm/constants.pkl', bytes: pickle(tuple()) },
    { name: 'm/data/a', bytes: floats(1, 2) },
  )

/** An object of a class of the archive, with these attributes. */
const module = (...attributes: readonly Uint8Array[]): Uint8Array =>
  concat(global('__torch__', 'Net'), Buffer.from(')\x81}(', 'latin1'), ...attributes, Buffer.from('ub', 'latin1'))

const twoModules = pickle(
  module(
    text('w'),
    tensor(storage('a', 2), [1, 2], [2, 1]),
    text('m'),
    module(text('v'), tensor(storage('a', 2), [2], [1])),
  ),
)

/** Archives of `torch.jit.save`. */
export const torchScript: FuzzKind = {
  seeds: async () => [
    whole(fixture('script.pt')),
    { parts: [twoModules], build: ([object = twoModules]) => script(object) },
  ],
  hostile: {
    'modules that hold the one before twice': () => {
      const next = (i: number): Uint8Array =>
        concat(
          global('__torch__', 'Net'),
          Buffer.from(')\x81}(', 'latin1'),
          ...['a', 'b'].flatMap((name) => [text(name), Buffer.from(`h${String.fromCharCode(i)}`, 'latin1')]),
          Buffer.from(`ubq${String.fromCharCode(i + 1)}`, 'latin1'),
        )
      const first = concat(module(text('w'), tensor(storage('a', 2), [1, 2], [2, 1])), Buffer.from('q\x01', 'latin1'))
      return script(pickle(first, ...Array.from({ length: 60 }, (_, i) => next(i + 1))))
    },
    'one mapping as the attributes of many modules': () => {
      const names = Array.from({ length: 5000 }, (_, i) => [text(`n${i}`), integer(i)]).flat()
      const object = pickle(
        dict(...names),
        'q\x01',
        global('__torch__', 'Net'),
        'q\x02',
        'h\x02)\x81h\x01b0'.repeat(200_000),
      )
      return script(object)
    },
  },
  read: async (bytes, budget) => must(await readTorchCheckpoint(bytes, 'a.pt', { budget })()),
}

const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`

const exported = (inner: Uint8Array): Uint8Array =>
  zip(
    { name: 'serialized_exported_program.json', bytes: Buffer.from('{}') },
    { name: 'serialized_state_dict.pt', bytes: inner, method: 'deflated' },
  )

const aList = Buffer.from(
  JSON.stringify({
    config: Object.fromEntries(
      ['w', 'v'].map((name) => [
        name,
        {
          path_name: 'weight_0',
          use_pickle: false,
          tensor_meta: {
            dtype: 7,
            sizes: [{ as_int: 2 }],
            strides: [{ as_int: 1 }],
            storage_offset: { as_int: 0 },
            layout: 7,
          },
        },
      ]),
    ),
  }),
)

/** An archive whose list of weights, or whose numbers, are changed. */
const separate: Seed = {
  parts: [aList, floats(1, 2)],
  build: ([list = aList, numbers = floats(1, 2)]) =>
    zip(
      { name: 'm/models/model.json', bytes: Buffer.from('{}') },
      { name: 'm/data/weights/model_weights_config.json', bytes: list, method: 'deflated' },
      { name: 'm/data/weights/weight_0', bytes: numbers },
    ),
}

/** Archives of `torch.export.save`. */
export const torchExport: FuzzKind = {
  seeds: async () => [
    whole(fixture('exported.pt2')),
    whole(fixture('exported-2.9.pt2')),
    separate,
    { parts: [twoTensors], build: ([object = twoTensors]) => exported(zipped.build([object, floats(1, 2)])) },
  ],
  hostile: {
    'archives within archives': () =>
      Array.from({ length: 200 }).reduce<Uint8Array>((inner) => exported(inner), zipped.build(zipped.parts)),
    'an archive of zeros': () => exported(new Uint8Array(60 * 2 ** 20)),
    'a list of weights of nested arrays': () => separate.build([Buffer.from(nested('[', ']', 10_000_000)), floats(1)]),
  },
  read: async (bytes, budget) => must(await readTorchCheckpoint(bytes, 'a.pt2', { budget })()),
}

/** PyTorch files of both formats. */
export const torch: FuzzKind = {
  seeds: async () => [
    ...[
      'dtypes-zip.pt',
      'dtypes-legacy.pt',
      'dtypes-legacy-protocol1.pt',
      'training-run.pt',
      'beside-protocol4.pt',
      'beside-legacy.pt',
    ].map((name) => whole(fixture(name))),
    zipped,
    legacyFile,
  ],
  hostile: {
    'one list copied 700,000 times': () => {
      const pairs = list(...Array.from({ length: 5000 }, (_, i) => tuple(integer(i), integer(i))))
      return legacy(pickle(pairs, '\x85q\x01', orderedDict, 'q\x02', 'h\x02h\x01R0'.repeat(700_000)), one)
    },
    'a small list copied into one list': () => {
      const pairs = list(...Array.from({ length: 100 }, (_, i) => tuple(integer(i), integer(i))))
      return legacy(pickle(pairs, '\x85q\x01', orderedDict, 'q\x02', '](', 'h\x02h\x01R'.repeat(200_000), 'e'), one)
    },
    'four million values': () => legacy(pickle('N0'.repeat(2_000_000)), one),
    'a million dicts': () => legacy(pickle('(', '}'.repeat(999_000), 't'), one),
    'a million names in the memo': () => {
      const names = Buffer.alloc(7_000_000, 'Nr____0')
      for (let i = 0; i < 1_000_000; i++) names.writeUInt32LE(i, 7 * i + 2)
      return legacy(pickle(names), one)
    },
    'a zip file of zeros that grows sixtyfold, in tensors that share it': () => {
      const zeros = new Uint8Array(60 * 2 ** 20)
      const part = (i: number) =>
        concat(text(`w${i}`), tensor(storage('a', zeros.length, 'CharStorage'), [zeros.length], [1]))
      return zip(
        { name: 'm/data.pkl', bytes: pickle('}(', ...[0, 1, 2, 3].map(part), 'u') },
        { name: 'm/data/a', bytes: zeros, method: 'deflated' },
        { name: 'm/other', bytes: Uint8Array.from({ length: 2 ** 20 }, (_, i) => i % 251) },
      )
    },
    'a million objects of a long name': () =>
      legacy(pickle(text('m'.repeat(2000)), 'q\x010', 'h\x01h\x01\x930'.repeat(700_000)), one),
    'a mapping that stands in itself a thousand times, under other names': () => {
      const again = Array.from({ length: 1000 }, (_, i) => concat(text(`k${i}`), 'h\x01s'))
      return legacy(pickle('}q\x01', ...again), one)
    },
    'a call with a list that contains itself': () => legacy(pickle(']q\x01h\x01a', orderedDict, 'h\x01', '\x85R'), one),
    'a shape of a million axes': () =>
      legacy(
        pickle(
          call(
            global('torch._utils', '_rebuild_tensor_v2'),
            storage('a', 2),
            integer(0),
            concat('(', 'K\x01'.repeat(1_000_000 - 50), 't'),
            tuple(),
          ),
        ),
        one,
      ),
  },
  read: async (bytes, budget) => must(await readTorchCheckpoint(bytes, 'a.pt', { budget })()),
}

const tensors = new Map([
  ['layer.weight', { shape: [2, 3], data: Float32Array.of(1, 0, 0, -2, 0, 3) }],
  ['layer.bias', { shape: [2], data: Float32Array.of(0.5, 0) }],
  ['mask', { shape: [6], data: Uint8Array.of(1, 0, 0, 1, 0, 1) }],
])
const dense = must(encodeSafetensors(tensors, { format: 'pt', note: 'a text' }))

const headerOf = (bytes: Uint8Array): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))

/** A file whose header is changed, with its new length before it. */
const inParts = (bytes: Uint8Array): Seed => {
  const begin = 8 + headerOf(bytes)
  const parts = [bytes.subarray(8, begin), bytes.subarray(begin)]
  return {
    parts,
    build: ([header = new Uint8Array(0), data = new Uint8Array(0)]) => concat(u64(header.length), header, data),
  }
}

/** Safetensors files. */
export const safetensors: FuzzKind = {
  seeds: async () => [whole(dense), inParts(dense)],
  hostile: {
    'a header of nested arrays': () => {
      const header = `{"__metadata__":${nested('[', ']', 10_000_000)}}`
      return concat(u64(header.length), header)
    },
    'a header of nested objects': () => {
      const header = `{"a":${nested('{"":', '}', 4_000_000)}}`
      return concat(u64(header.length), header)
    },
    'a header of a million tensors without numbers': () => {
      const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
      const header = `{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":${entry}`).join(',')}}`
      return concat(u64(header.length), header)
    },
  },
  read: (bytes, budget) => must(readSafetensors(bytes, 'a.safetensors', 'fuzz', budget)),
}

const place = { stage: 'fuzz', file: 'a.sparse.safetensors' }

const sparseFile = (packed: Uint8Array, description: string): Uint8Array =>
  must(encodeSafetensors(new Map([['w', { shape: [packed.length], data: packed }]]), { sparse: description }))

const packed = encodeSparse(Float32Array.of(1, 0, 0, -2, 0, 3))
const description = Buffer.from(describeSparse(new Map([['w', [2, 3]]]), 'kept'))

/** Sparse tensors, whose shape is text and whose numbers are packed. */
export const sparse: FuzzKind = {
  seeds: async () => [
    whole(sparseFile(packed, description.toString())),
    {
      parts: [packed, description],
      build: ([numbers = packed, text = description]) => sparseFile(numbers, Buffer.from(text).toString('latin1')),
    },
  ],
  hostile: {
    'a shape of 2²⁹ in 65 kB': () =>
      sparseFile(deflateRawSync(new Uint8Array(2 ** 26)), describeSparse(new Map([['w', [2 ** 29]]]), 'kept')),
    'a shape of 10¹⁸': () => sparseFile(packed, describeSparse(new Map([['w', [1e9, 1e9]]]), 'nonZero')),
    'a shape of a million axes': () =>
      sparseFile(packed, describeSparse(new Map([['w', new Array<number>(1_000_000).fill(1)]]), 'nonZero')),
  },
  read: (bytes, budget) => must(expandSparse(place, must(readSafetensors(bytes, place.file, 'fuzz', budget)), budget)),
}

/** ONNX models. */
export const onnx: FuzzKind = {
  seeds: async () => [whole(smallModel())],
  hostile: {
    '20,000 nodes': () => manyNodes(20_000),
    '40 concatenations, each of which doubles': () => endlessConcats(40),
    'a constant of 2²⁹ without bytes': constantWithoutBytes,
    'one number that fills 2³⁰': () => filled([2 ** 10, 2 ** 20]),
    'one number that fills a shape of 100,000 axes': () => filled(new Array<number>(100_000).fill(1)),
    'one number that scales 2·10⁸ channels': () => scaleOf(2e8),
  },
  read: async (bytes, budget) => must(await readOnnx(bytes, 'a.onnx', 'fuzz', budget)()),
}
