import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import type { Checkpoint } from '../../../../src/io/checkpoints/tensors/checkpoint.js'
import { type ReadTorchOptions, readTorchCheckpoint } from '../../../../src/io/checkpoints/torch/readTorch.js'
import { ReadBudget } from '../../../../src/io/files/readBudget.js'
import { architecture } from '../../../../src/models/architecture/architecture.js'
import { flatten, linear } from '../../../../src/models/layers/layers.js'
import { selfDescribed } from '../../../../src/models/parameters/selfDescribed.js'
import { nonEmpty } from '../../../support/expectEvery.js'
import { needing, publicCheckpoints, shared } from '../../../support/needs.js'
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
  u32,
  u64,
  zip,
} from '../../bytes.js'
import { fileErrorOf, unwrap } from '../../results.js'

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../fixtures/checkpoints/${name}`, import.meta.url))

const read = async (bytes: Uint8Array, options?: ReadTorchOptions): Promise<Checkpoint> =>
  unwrap(await readTorchCheckpoint(bytes, 'a.pt', options)())

const refusal = async (bytes: Uint8Array, options?: ReadTorchOptions): Promise<string> =>
  describeError(fileErrorOf(await readTorchCheckpoint(bytes, 'a.pt', options)()))

const plain = ({ tensors }: Checkpoint): Record<string, { shape: readonly number[]; data: number[] }> =>
  Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, { shape, data: [...data] }]))

/** The most opcodes of a pickle; a checkpoint takes about 40 per tensor. */
const MOST_OPCODES = 4_000_000

// For each tensor its shape, its sum in float64 and its last value, by PyTorch.
const PUBLISHED = {
  'mnist_fastat_pgd.pth': {
    '0.weight': [[16, 1, 4, 4], 13.457955371509684, 8.701177284820005e-5],
    '0.bias': [[16], -2.801346033811569, -0.4907934367656708],
    '2.weight': [[32, 16, 4, 4], -223.6805014116046, -1.541799545288086],
    '2.bias': [[32], 0.7490303530357778, 0.04925290495157242],
    '5.weight': [[100, 1568], 171.49593167400735, -0.021020932123064995],
    '5.bias': [[100], 0.5454661797120934, 0.009265963919460773],
    '7.weight': [[10, 100], -19.966791897968506, -0.10146315395832062],
    '7.bias': [[10], -0.12091690488159657, -0.017347611486911774],
  },
  'mnist_fastat_fgsm.pth': {
    '0.weight': [[16, 1, 4, 4], 8.366198491323985, -0.00020916179346386343],
    '0.bias': [[16], -4.391283445991576, -0.5226522088050842],
    '2.weight': [[32, 16, 4, 4], -268.80474092903205, -1.3378448486328125],
    '2.bias': [[32], -1.0823746686801314, 0.027784479781985283],
    '5.weight': [[100, 1568], -1523.967157858494, -0.02509448491036892],
    '5.bias': [[100], 0.11443294418859296, -0.003222767263650894],
    '7.weight': [[10, 100], -5.10640042389241, -0.04302448034286499],
    '7.bias': [[10], -0.18982510757632554, 0.02767041139304638],
  },
  'mnist_lenet5_clntrained.pt': {
    'conv1.weight': [[32, 1, 3, 3], 9.397386005148292, 0.16692307591438293],
    'conv1.bias': [[32], 0.9706235789053608, 0.004517518915235996],
    'conv2.weight': [[64, 32, 3, 3], -11.521015537015955, -0.042433515191078186],
    'conv2.bias': [[64], -0.5818311612820253, 0.0410788357257843],
    'linear1.weight': [[200, 3136], 315.25817875055895, 0.005851427558809519],
    'linear1.bias': [[200], 0.18801896424338338, 0.004443630110472441],
    'linear2.weight': [[10, 200], -9.86720894491009, -0.02780502662062645],
    'linear2.bias': [[10], 0.05421166494488716, 0.00548791978508234],
  },
} as const

describe('public checkpoints', needing(publicCheckpoints), () => {
  it.each(Object.entries(PUBLISHED))('%s', async (name, expected) => {
    const { tensors, metadata } = await read(readFileSync(shared(`checkpoints/${name}`)))
    expect(metadata).toEqual({})
    expect([...tensors.keys()]).toEqual(Object.keys(expected))
    for (const [tensor, [shape, sum, last]] of nonEmpty(Object.entries(expected))) {
      const found = tensors.get(tensor)
      expect(found?.shape).toEqual(shape)
      expect(found?.data.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 9)
      expect(found?.data.at(-1)).toBe(last)
    }
  })

  it('cifar_small_8px.pth: a cascade of three networks, the first by default', async () => {
    const bytes = readFileSync(shared('checkpoints/cifar_small_8px.pth'))
    const first = await read(bytes)
    expect(first.metadata).toEqual({ stateDict: 'state_dict[0] of 3' })
    expect(first.tensors.get('5.weight')?.shape).toEqual([100, 2048])
    expect(first.tensors.get('5.weight')?.data.reduce((a, b) => a + b, 0)).toBeCloseTo(-1.3688518, 6)
    const third = await read(bytes, { select: 2 })
    expect(third.tensors.get('5.weight')?.data.reduce((a, b) => a + b, 0)).toBeCloseTo(-526.1044624, 6)
    expect(await refusal(bytes, { select: 3 })).toBe(
      'loadTeacher: a.pt: expected a state dict number 3, got a list of 3',
    )
  })

  it('cut off at every 1/16 of the length: one clear error', async () => {
    const bytes = readFileSync(shared('checkpoints/mnist_fastat_pgd.pth'))
    for (let part = 0; part < 16; part++) {
      expect(await refusal(bytes.subarray(0, Math.floor((bytes.length * part) / 16)))).toContain('cut off')
    }
  })
})

const FILES = ['dtypes-zip.pt', 'dtypes-zip-protocol4.pt', 'dtypes-legacy.pt', 'dtypes-legacy-protocol1.pt']

const BESIDE = ['beside.pt', 'beside-protocol4.pt', 'beside-legacy.pt']

describe('files written by torch.save', () => {
  const range = Array.from({ length: 24 }, (_, i) => i)

  it.each(FILES)('%s: every type, views, shared storages', async (name) => {
    const { f16, bf16, f64, ...rest } = plain(await read(fixture(name)))
    expect(rest).toEqual({
      f32: { shape: [4, 6], data: range },
      i64: { shape: [], data: [-5] },
      i32: { shape: [3], data: [0, 1, 2] },
      i16: { shape: [3], data: [-1, 0, 1] },
      i8: { shape: [3], data: [-1, 0, 1] },
      u8: { shape: [3], data: [250, 251, 252] },
      b: { shape: [2], data: [1, 0] },
      transposed: { shape: [6, 4], data: range.map((i) => Math.floor(i / 4) + 6 * (i % 4)) },
      strided: { shape: [2, 2], data: [6, 9, 18, 21] },
      shared: { shape: [6], data: [12, 13, 14, 15, 16, 17] },
      empty: { shape: [0, 3], data: [] },
      expanded: { shape: [5], data: [1, 1, 1, 1, 1] },
      parameter: { shape: [1, 6], data: [0, 1, 2, 3, 4, 5] },
    })
    expect(f64?.data).toEqual(range.map((i) => Math.fround(i / 7)))
    expect(f16?.data.slice(0, 6)).toEqual([0, 0.333251953125, 0.66650390625, 1, 1.3330078125, 1.6669921875])
    expect(bf16?.data.slice(18)).toEqual([6, 6.34375, 6.65625, 7, 7.34375, 7.65625])
  })

  it('training-run.pt: the state dict in a file with an optimizer, with DataParallel’s prefix', async () => {
    const { tensors, metadata } = await read(fixture('training-run.pt'))
    expect(metadata).toEqual({ stateDict: 'state_dict' })
    expect([...tensors.keys()]).toEqual([
      'module.0.weight',
      'module.0.bias',
      'module.1.weight',
      'module.1.bias',
      'module.1.running_mean',
      'module.1.running_var',
      'module.1.num_batches_tracked',
      'module.2.weight',
      'module.2.bias',
    ])
    expect(tensors.get('module.1.num_batches_tracked')).toEqual({ shape: [], data: Float32Array.of(1) })
  })

  it.each(BESIDE)('%s: Python’s and NumPy’s objects beside the weights are skipped', async (name) => {
    const { tensors, metadata } = await read(fixture(name))
    expect(metadata).toEqual({ stateDict: 'state_dict' })
    expect([...tensors.keys()]).toEqual([
      '0.weight',
      '0.bias',
      '1.weight',
      '1.bias',
      '1.running_mean',
      '1.running_var',
      '1.num_batches_tracked',
      '2.weight',
      '2.bias',
    ])
    expect(tensors.get('1.running_var')?.shape).toEqual([2])
  })

  it('weights that can’t be read are skipped, and said to be what they are', async () => {
    const { tensors, skipped } = await read(fixture('unread-weights.pt'))
    expect([...tensors.keys()]).toEqual(['0.weight'])
    expect(Object.fromEntries(skipped ?? [])).toEqual({
      numpy: 'an object "numpy.ndarray"',
      complex: 'a complex tensor (torch.ComplexFloatStorage)',
      fp8: 'a tensor of 8-bit floats (torch.float8_e4m3fn)',
      sparse: 'a sparse tensor (torch._utils._rebuild_sparse_tensor)',
      quantized: 'a quantized tensor (torch._utils._rebuild_qtensor)',
      counter: 'an object "collections.Counter"',
    })
  })

  it('parametrized.pt: weights by weight_norm, spectral_norm and prune are those of PyTorch', async () => {
    const { tensors, masks } = await read(fixture('parametrized.pt'))
    const expected = await read(fixture('parametrized-plain.pt'))
    expect([...tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort())
    for (const [name, { shape, data }] of nonEmpty([...expected.tensors])) {
      const found = tensors.get(name)
      expect(found?.shape, name).toEqual(shape)
      for (const [i, value] of data.entries()) expect(found?.data[i], name).toBeCloseTo(value, 6)
    }
    expect([...(masks ?? [])].map(([name]) => name)).toEqual(['module.pruned.weight', 'module.pruned.bias'])
    const weight = expected.tensors.get('module.pruned.weight')?.data ?? new Float32Array()
    expect([...(masks?.get('module.pruned.weight')?.data ?? [])]).toEqual([...weight].map((w) => (w === 0 ? 0 : 1)))
  })

  it('the masks of a checkpoint become the mask of its network', async () => {
    const w = tensor(storage('a', 2), [2, 1], [1, 1])
    const bits = tensor(storage('b', 2), [2, 1], [1, 1])
    const layer = dict(
      text('module.fc.weight_orig'),
      w,
      text('module.fc.weight_mask'),
      bits,
      text('module.fc.bias'),
      tensor(storage('a', 2), [2], [1]),
    )
    const bytes = legacy(pickle(layer), {
      a: { count: 2, bytes: floats(3, 4) },
      b: { count: 2, bytes: floats(0, 1) },
    })
    const network = architecture('tiny', { height: 1, width: 1, channels: 1 }, [flatten(), linear('fc', { out: 2 })])
    const { weights, mask } = unwrap(selfDescribed('loadTeacher', 'a.pt', await read(bytes), network))
    expect([...weights]).toEqual([0, 4, 3, 4])
    expect([...(mask ?? [])]).toEqual([0, 1, 1, 1])
  })

  /** A weight of a layer with spectral_norm, by hooks. */
  const spectral = async (
    weight: readonly number[],
    [rows, columns]: readonly [number, number],
    u: readonly number[],
    v: readonly number[],
  ) => {
    const row = (key: string, { length }: readonly number[]) => tensor(storage(key, length), [length], [1])
    const of = (numbers: readonly number[]) => ({ count: numbers.length, bytes: floats(...numbers) })
    const names = dict(
      ...[text('up.weight_orig'), tensor(storage('a', weight.length), [rows, columns], [columns, 1])],
      ...[text('up.weight_u'), row('b', u), text('up.weight_v'), row('c', v)],
    )
    const { tensors } = await read(legacy(pickle(names), { a: of(weight), b: of(u), c: of(v) }))
    return [...(tensors.get('up.weight')?.data ?? [])]
  }

  it('spectral_norm may be along the second axis, as of transposed convolutions', async () => {
    // Rows are the outputs: [0, 3], [1, 4], [2, 5]. uᵀ W v = 3.
    expect(await spectral([0, 1, 2, 3, 4, 5], [2, 3], [1, 0, 0], [0, 1])).toEqual(
      [0, 1, 2, 3, 4, 5].map((value) => Math.fround(value / 3)),
    )
  })

  it('spectral_norm of a square matrix is along the axis that gives the larger norm', async () => {
    expect(await spectral([0, 2, 0, 0], [2, 2], [1, 0], [0, 1])).toEqual([0, 1, 0, 0])
    expect(await spectral([0, 2, 0, 0], [2, 2], [0, 1], [1, 0])).toEqual([0, 1, 0, 0])
  })

  it('weight_norm may be of any tensor of a layer', async () => {
    const row = (of: string) => tensor(storage(of, 2), [2], [1])
    const bytes = legacy(pickle(dict(text('fc.bias_g'), row('b'), text('fc.bias_v'), row('a'))), {
      a: { count: 2, bytes: floats(-3, 4) },
      b: { count: 2, bytes: floats(2, 5) },
    })
    expect([...((await read(bytes)).tensors.get('fc.bias')?.data ?? [])]).toEqual([-2, 5])
  })

  it('classes of layers, which the older format keeps with their source, are skipped', async () => {
    const layer = concat(tuple(text('module'), global('torch.nn', 'ReLU'), text('a.py'), text('class ReLU: ...')), 'Q')
    const w = tensor(storage('a', 2), [1, 2], [2, 1])
    const bytes = legacy(pickle(dict(text('act'), layer, text('state_dict'), dict(text('w'), w))), {
      a: { count: 2, bytes: floats(1, 2) },
    })
    expect([...(await read(bytes)).tensors.keys()]).toEqual(['w'])
  })

  it.each([
    [
      'another parametrization',
      ['fc.parametrizations.weight.original', 'fc.parametrizations.weight.0.base'],
      'another one',
    ],
    [
      'a chain of parametrizations',
      ['original0', 'original1', '1._u', '1._v'].map((end) => `fc.parametrizations.weight.${end}`),
      'another one, of "fc.parametrizations.weight.1._u"',
    ],
    [
      'a norm of another shape',
      ['_orig', '_u', '_v'].map((end) => `fc.weight${end}`),
      'the shapes [1, 2], [1, 2], [1, 2]',
    ],
    ['a mask that is not of 0 and 1', ['fc.weight_orig', 'fc.weight_mask'], 'the shapes [1, 2], [1, 2]'],
    ['a weight beside its parts', ['fc.weight', 'fc.weight_orig', 'fc.weight_mask'], 'got both'],
  ])('%s is refused', async (_, names, reason) => {
    const matrix = tensor(storage('a', 2), [1, 2], [2, 1])
    expect(await refusal(evil(dict(...names.flatMap((name) => [text(name), matrix]))))).toContain(reason)
  })

  it('an error about a missing weight names what stands in its place', async () => {
    const input = { height: 2, width: 2, channels: 3 }
    const network = architecture('tiny', input, [flatten(), linear('counter', { out: 2 })])
    const found = selfDescribed('loadTeacher', 'a.pt', await read(fixture('unread-weights.pt')), network)
    const error = fileErrorOf(found)
    expect(error.actual).toContain('no "counter.weight" [2, 12]')
    expect(error.hint).toContain('Not read: "numpy" is an object "numpy.ndarray"; "complex" is a complex tensor')
  })

  it.each([...FILES, ...BESIDE, 'training-run.pt'])('%s cut off anywhere is refused', async (name) => {
    const bytes = fixture(name)
    for (let length = 0; length < bytes.length; length += 7)
      expect(await refusal(bytes.subarray(0, length))).toMatch(/^loadTeacher: a\.pt: expected /)
    expect(await refusal(bytes.subarray(0, bytes.length - 1))).toMatch(/^loadTeacher: a\.pt: expected /)
  })

  it.each([...FILES, ...BESIDE, 'training-run.pt'])(
    '%s with changed bytes is read or is a FileError, and nothing else',
    async (name) => {
      const bytes = fixture(name)
      const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }))
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const changed = Uint8Array.from(bytes)
          for (const [at, value] of changes) changed[at] = value
          const result = await readTorchCheckpoint(changed, 'a.pt')()
          if (result._tag === 'Left') expect(result.left._tag).toBe('FileError')
        }),
        { numRuns: 200 },
      )
    },
  )

  it('a legacy file with bytes after its end is refused', async () => {
    expect(await refusal(concat(fixture('dtypes-legacy.pt'), 'x'))).toMatch(
      /expected a file of \d+ bytes, got \d+ bytes/,
    )
  })
})

const one = { a: { count: 2, bytes: floats(1, 2) } }
const good = pickle(dict(text('w'), tensor(storage('a', 2), [2], [1])))
const evil = (...parts: readonly (Uint8Array | string)[]): Uint8Array => legacy(pickle(...parts), one)
const zipped = (object: Uint8Array, data = floats(1, 2)): Uint8Array =>
  zip({ name: 'm/data.pkl', bytes: object }, { name: 'm/data/a', bytes: data })

describe('malicious pickles', () => {
  it('the builders make valid files', async () => {
    const expected = { w: { shape: [2], data: [1, 2] } }
    expect(plain(await read(legacy(good, one)))).toEqual(expected)
    expect(plain(await read(zipped(good)))).toEqual(expected)
  })

  it.each([
    ['GLOBAL', call(global('os', 'system'), text('true')), 'os.system'],
    ['GLOBAL without a call', global('posix', 'system'), 'posix.system'],
    ['STACK_GLOBAL', concat(text('builtins'), text('eval'), '\x93', tuple(text('1')), 'R'), 'builtins.eval'],
    ['INST', concat('(', text('true'), 'ios\nsystem\n'), 'os.system'],
    ['nested bytes', call(global('torch.storage', '_load_from_bytes'), text('x')), 'torch.storage._load_from_bytes'],
    ['a class', concat(global('subprocess', 'Popen'), tuple(text('true')), '\x81'), 'subprocess.Popen'],
    ['a dotted name', concat(text('torch'), text('serialization.os.system'), '\x93'), 'torch.serialization.os.system'],
    ['a line break in a name', concat(text('os'), text('a\nb'), '\x93'), 'os.a\\nb'],
  ])('%s is never run: refused by name as a network, skipped beside one', async (_, attack, name) => {
    expect(await refusal(evil(attack))).toContain(`got an object "${name}"`)
    expect(await refusal(zipped(pickle(attack)))).toContain(`got an object "${name}"`)
    expect(await refusal(evil(dict(text('model'), attack)))).toContain(`got an object "${name}" under "model"`)
    expect(await refusal(pickle(attack))).toContain(
      `expected a PyTorch checkpoint, got a pickle that refers to "${name}"`,
    )
    expect(await refusal(concat(attack, '.'))).toContain(`a pickle that refers to "${name}"`)
    const weights = dict(text('w'), tensor(storage('a', 2), [2], [1]), text('v'), attack)
    for (const bytes of [evil(weights), zipped(pickle(dict(text('x'), attack, text('model'), weights)))]) {
      const found = await read(bytes)
      expect(plain(found)).toEqual({ w: { shape: [2], data: [1, 2] } })
      expect(found.skipped).toEqual(new Map([['v', `an object "${name}"`]]))
    }
  })

  it('a tensor made by a function that is not PyTorch’s is not a tensor', async () => {
    const fromType = (by: Uint8Array, type: Uint8Array): Uint8Array =>
      call(
        global('torch._tensor', '_rebuild_from_type_v2'),
        by,
        type,
        tuple(storage('a', 2), integer(0), tuple(integer(2)), tuple(integer(1))),
        dict(),
      )
    const plainOne = fromType(global('torch._utils', '_rebuild_tensor_v2'), global('torch', 'Tensor'))
    expect(plain(await read(evil(dict(text('w'), plainOne))))).toEqual({ w: { shape: [2], data: [1, 2] } })
    const attack = fromType(global('os', 'system'), global('torch', 'Tensor'))
    expect(await refusal(evil(dict(text('w'), attack)))).toContain('got a tensor (torch.Tensor) as "w"')
    const type = fromType(global('torch._utils', '_rebuild_tensor_v2'), global('os', 'Type'))
    expect(await refusal(evil(dict(text('w'), type)))).toContain('got a tensor (os.Type) as "w"')
  })

  it('a long text that is a part of a million names is refused before it is copied', async () => {
    const attack = (length: number): Uint8Array =>
      evil(text('m'.repeat(length)), 'q\x010', 'h\x01h\x01\x930'.repeat(100_000))
    expect(await refusal(attack(1e6))).toContain('a name of at most 4096 characters')
    expect(await refusal(attack(2000))).toContain('MiB of memory')
  })

  it.each([
    ['OBJ', '(cos\nsystem\no', 'os.system'],
    ['EXT1', '\x82\x01', 'opcode 0x82'],
    ['NEWOBJ_EX', concat(global('os', 'system'), ')}\x92'), 'os.system'],
    ['a storage of a type that is not PyTorch’s', storage('a', 2, 'system'), 'the type, key, device'],
    ['a set', '\x8f(K\x01\x90', 'an object "set"'],
    ['a frozen set', '(K\x01\x91', 'an object "set"'],
    ['NEXT_BUFFER', '\x97', 'opcode 0x97'],
    ['a call of a value', concat(integer(1), ')R'), 'a call of number'],
    ['a call of a storage type', call(global('torch', 'FloatStorage'), integer(9)), 'a call of "torch.FloatStorage"'],
    ['attributes of a list', '])b', 'attributes of a list'],
    ['protocol 6', '\x80\x06N', 'protocol 6'],
    ['a huge integer', concat('\x8b', u32(0x7fffffff)), 'an integer of at most 64 bytes'],
    ['a string longer than the file', concat('X', u32(0xffffffff)), 'cut off'],
    ['bytes longer than the file', concat('\x8e', u64(2n ** 63n)), 'a length of at most'],
    ['a frame longer than the file', concat('\x95', u64(10n ** 12n)), 'cut off'],
    ['an unknown memo', 'h\x07', 'memo 7'],
    ['an empty stack', 'R', 'empties its stack'],
    ['no mark', 't', 'empties its stack'],
    ['odd items', '}(Nu', 'empties its stack'],
    ['a line without end', `I${'1'.repeat(5000)}`, 'a line of at most'],
    ['text as integer', 'Ix\n', 'a decimal integer'],
    ['bytes that are not UTF-8', concat('X', u32(1), Uint8Array.of(0xff)), 'text of a pickle in UTF-8'],
  ])('%s is refused', async (_, attack, reason) => {
    expect(await refusal(evil(attack))).toContain(reason)
  })

  it('deep nesting, and a list that contains itself, are refused without a stack overflow', async () => {
    expect(await refusal(evil(']'.repeat(200_000), 'a'.repeat(199_999)))).toContain('got a list')
    expect(await refusal(evil('}', text('state_dict'), ']q\x01h\x01as'))).toContain('with the keys "state_dict"')
    expect(await refusal(evil('}q\x01', text('a'), 'h\x01s', text('b'), 'h\x01s'))).toContain('keys "a", "b"')
    expect(await refusal(evil('('.repeat(1_000_002)))).toContain('a pickle stack of at most')
    expect(await refusal(evil('}', text('model'), '2'.repeat(3), 's'))).toContain('loadTeacher: a.pt: expected')
  })

  it('one list that is the argument of many calls is refused before it has been copied too often', async () => {
    const pairs = list(...Array.from({ length: 2000 }, (_, i) => tuple(integer(i), integer(i))))
    const copies = 'h\x02h\x01R0'.repeat(100_000)
    const attack = evil(pairs, '\x85q\x01', global('collections', 'OrderedDict'), 'q\x02', copies)
    const budget = new ReadBudget(attack.length)
    expect(await refusal(attack, { budget })).toMatch(
      /expected a file of \d+ bytes that is read with at most 515 MiB of memory, got one that needs 515 MiB or more/,
    )
    const { bytes, steps, mostBytes, mostSteps } = budget.spent
    expect(bytes).toBeLessThanOrEqual(mostBytes)
    expect(steps).toBeLessThanOrEqual(mostSteps)
  })

  it('too many opcodes are refused', async () => {
    expect(await refusal(evil('N0'.repeat(MOST_OPCODES / 2)))).toContain(`a pickle of at most ${MOST_OPCODES} opcodes`)
  })
})

describe('sizes are checked before memory is allocated', () => {
  const claim = (object: Uint8Array): Promise<string> => refusal(legacy(pickle(dict(text('w'), object)), one))

  it('a tensor of 10¹² elements', async () => {
    expect(await claim(tensor(storage('a', 2), [1e6, 1e6], [1e6, 1]))).toContain('[1000000, 1000000]')
    expect(await claim(tensor(storage('a', 2), [1e12], [0]))).toContain('tensors that fit')
    expect(await claim(tensor(storage('a', 1e12), [1e12], [1]))).toContain('tensors that fit')
    expect(await claim(tensor(storage('a', 1e12), [2], [1]))).toContain('4000000000000 bytes for tensor "w"')
    expect(await claim(tensor(storage('a', 2), new Array(60).fill(2 ** 53 - 1), new Array(60).fill(0)))).toContain(
      'fit',
    )
  })

  it('many tensors that share one storage', async () => {
    const parts = Array.from({ length: 40 }, (_, i) => concat(text(`w${i}`), tensor(storage('a', 2), [1e6], [0])))
    expect(await refusal(evil('}(', ...parts, 'u'))).toContain('tensors that fit')
  })

  it('a view past the end, by offset, stride or shape', async () => {
    expect(await claim(tensor(storage('a', 2), [2], [1], 1))).toContain('a last element at 2')
    expect(await claim(tensor(storage('a', 2), [2], [2]))).toContain('a last element at 2')
    expect(await claim(tensor(storage('a', 2), [3], [1]))).toContain('a last element at 2')
    expect(await claim(tensor(storage('a', 2), [2], [-1]))).toContain('a storage, an offset, a shape and strides')
    expect(await claim(tensor(storage('a', 2), [2], []))).toContain('1 strides')
  })

  it('a storage whose declarations differ', async () => {
    const two = dict(text('v'), tensor(storage('a', 2), [2], [1]), text('w'), tensor(storage('a', 1), [1], [1]))
    expect(await refusal(legacy(pickle(two), one))).toContain('4 bytes for tensor "w"')
    const types = dict(
      text('v'),
      tensor(storage('a', 2), [2], [1]),
      text('w'),
      tensor(storage('a', 2, 'LongStorage'), [2], [1]),
    )
    expect(await refusal(legacy(pickle(types), one))).toContain('one type for each storage')
    expect(await refusal(legacy(good, { a: { count: 1e15, bytes: floats(1, 2) } }))).toContain('cut off')
    expect(await refusal(legacy(good, { b: { count: 2, bytes: floats(1, 2) } }))).toContain('each storage key once')
    expect(await refusal(legacy(good, {}))).toContain('a storage for tensor "w"')
    expect(await claim(tensor(storage('a', 2, 'UntypedStorage'), [2], [1]))).toContain(
      'got a tensor (torch.UntypedStorage) as "w"',
    )
  })

  it('a legacy view of a storage starts at its offset', async () => {
    const view = (start: number, count: number): Uint8Array =>
      concat(
        tuple(
          text('storage'),
          global('torch', 'FloatStorage'),
          text('a'),
          text('cpu'),
          integer(2),
          tuple(text('v'), integer(start), integer(count)),
        ),
        'Q',
      )
    const bytes = legacy(pickle(dict(text('w'), tensor(view(1, 1), [1], [1]))), one)
    expect(plain(await read(bytes))).toEqual({ w: { shape: [1], data: [2] } })
    expect(await claim(tensor(view(1, 2), [1], [1]))).toContain('a view within 2 elements')
  })
})

describe('zip files', () => {
  it('deflated entries are read', async () => {
    const bytes = zip(
      { name: 'm/data.pkl', bytes: good, method: 'deflated' },
      { name: 'm/data/a', bytes: floats(1, 2), method: 'deflated' },
    )
    expect(plain(await read(bytes))).toEqual({ w: { shape: [2], data: [1, 2] } })
  })

  it('a zip bomb is refused before it is unpacked', async () => {
    const bomb = new Uint8Array(32 * 2 ** 20)
    const object = pickle(dict(text('w'), tensor(storage('a', bomb.length / 4), [bomb.length / 4], [1])))
    const bytes = zip({ name: 'm/data.pkl', bytes: object }, { name: 'm/data/a', bytes: bomb, method: 'deflated' })
    expect(await refusal(bytes)).toContain('bytes unpacked')
  })

  it('tensors that take a thousand times the size of the file are refused before one is converted', async () => {
    const zeros = new Uint8Array(40 * 2 ** 20)
    const many = Array.from({ length: 4 }, (_, i) =>
      concat(text(`w${i}`), tensor(storage('a', zeros.length, 'CharStorage'), [zeros.length], [1])),
    )
    const bytes = zip(
      { name: 'm/data.pkl', bytes: pickle('}(', ...many, 'u') },
      { name: 'm/data/a', bytes: zeros, method: 'deflated' },
      // Not read: a larger file may grow more.
      { name: 'm/other', bytes: Uint8Array.from({ length: 700_000 }, (_, i) => i % 251) },
    )
    const budget = new ReadBudget(bytes.length, { option: 'readBudget' })
    const error = fileErrorOf(await readTorchCheckpoint(bytes, 'a.pt', { budget })())
    expect(describeError(error)).toContain('got one that needs 521 MiB or more, for tensor "w2" of shape [41943040]')
    expect(error.hint).toBe('If you trust the file, allow more: readBudget: 2, times the usual budget.')
    expect(budget.spent.bytes).toBeLessThan(budget.spent.mostBytes)
  })

  it('an entry that unpacks to more than it claims is refused', async () => {
    const big = new Uint8Array(100_000)
    const bytes = zip(
      { name: 'm/data.pkl', bytes: good },
      { name: 'm/data/a', bytes: big, method: 'deflated', claimedSize: 8 },
    )
    expect(await refusal(bytes)).toBe('loadTeacher: a.pt: expected 8 bytes in zip entry "m/data/a", got more')
  })

  it.each([
    ['a wrong checksum', [{ name: 'm/data/a', bytes: floats(1, 2), claimedCrc: 1 }], 'the file is corrupt'],
    ['a big-endian file', [{ name: 'm/byteorder', bytes: Buffer.from('big') }], 'byte order "big"'],
    ['no storage', [], 'no storage with the key "a"'],
    ['a storage of another size', [{ name: 'm/data/a', bytes: floats(1) }], '8 bytes for tensor "w"'],
    ['an entry twice', [1, 2].map((v) => ({ name: 'm/data/a', bytes: floats(v, v) })), '"m/data/a" twice'],
    ['two pickles', [{ name: 'n/data.pkl', bytes: good }], '2 entries'],
    ['a path out of the archive', [{ name: '../data/a', bytes: good }], 'a.pt: expected'],
    [
      'an encrypted entry',
      [{ name: 'm/data/a', bytes: floats(1, 2), encrypted: true } as const],
      '"m/data/a" encrypted',
    ],
  ])('%s is refused', async (_, entries, reason) => {
    expect(await refusal(zip({ name: 'm/data.pkl', bytes: good }, ...entries))).toContain(reason)
  })

  it('a zip file of something else is refused', async () => {
    expect(await refusal(zip({ name: 'a.txt', bytes: Buffer.from('a') }))).toContain('a PyTorch checkpoint')
    expect(await refusal(zip())).toContain('a PyTorch checkpoint')
  })
})

describe('programs', () => {
  it.each(['script.pt', 'exported.pt2', 'exported-2.8.pt2', 'exported-2.9.pt2'])(
    'the weights of %s are read under the names of its state dict',
    async (name) => {
      const { tensors } = await read(fixture(name))
      const shapes = Object.fromEntries([...tensors].map(([tensor, { shape }]) => [tensor, shape]))
      expect(shapes).toEqual({
        'block.fc.weight': [3, 2],
        'block.fc.bias': [3],
        'block.bn.weight': [3],
        'block.bn.bias': [3],
        'block.bn.running_mean': [3],
        'block.bn.running_var': [3],
        'block.bn.num_batches_tracked': [],
        'head.weight': [2, 3],
        'head.bias': [2],
      })
      expect([...(tensors.get('block.fc.bias')?.data ?? [])]).toEqual([1, 1.25, 1.5])
    },
  )

  const module = (...attributes: readonly Uint8Array[]) =>
    concat(global('__torch__', 'Net'), Buffer.from(')\x81}(', 'latin1'), ...attributes, Buffer.from('ub', 'latin1'))
  const script = (object: Uint8Array) =>
    zip(
      { name: 'm/data.pkl', bytes: pickle(object) },
      { name: 'm/constants.pkl', bytes: pickle(tuple()) },
      { name: 'm/code/__torch__.py', bytes: Buffer.from('import os') },
      { name: 'm/data/a', bytes: floats(1, 2) },
    )

  it('modules that stand in themselves are refused', async () => {
    const itself = concat(
      global('__torch__', 'Net'),
      Buffer.from(')\x81q\x01}(', 'latin1'),
      text('a'),
      Buffer.from('h\x01ub', 'latin1'),
    )
    expect(await refusal(script(itself))).toContain('modules within each other')
    const once = await read(script(module(text('w'), tensor(storage('a', 2), [1, 2], [2, 1]))))
    expect([...(once.tensors.get('w')?.data ?? [])]).toEqual([1, 2])
  })

  const program = { name: 'm/models/model.json', bytes: Buffer.from('{}') }

  it('a frozen TorchScript archive, whose weights have no names, is refused', async () => {
    expect(await refusal(script(module(text('training'), Buffer.from('\x89', 'latin1'))))).toContain(
      'torch.jit.freeze makes constants',
    )
  })

  it('a torch.export archive without weights is refused', async () => {
    expect(await refusal(zip(program))).toContain('got one without')
  })

  const meta = (sizes: readonly number[], strides: readonly number[], more: object = {}) => ({
    dtype: 7,
    sizes: sizes.map((as_int) => ({ as_int })),
    strides: strides.map((as_int) => ({ as_int })),
    storage_offset: { as_int: 0 },
    layout: 7,
    ...more,
  })
  const weight = (tensor_meta: object | null, more: object = {}) => ({
    path_name: 'weight_0',
    is_param: true,
    use_pickle: false,
    tensor_meta,
    ...more,
  })
  const file = { name: 'm/data/weights/weight_0', bytes: floats(1, 2, 3, 4, 5, 6) }
  const listed = (config: object | string, ...files: readonly (typeof file)[]) => {
    const text = typeof config === 'string' ? config : JSON.stringify({ config })
    return zip(program, { name: 'm/data/weights/model_weights_config.json', bytes: Buffer.from(text) }, ...files)
  }

  it('weights of a torch.export archive may share a file, at any offset and in any order', async () => {
    const { tensors } = await read(
      listed({ w: weight(meta([2, 3], [1, 2])), v: weight(meta([2], [1], { storage_offset: { as_int: 4 } })) }, file),
    )
    expect([...(tensors.get('w')?.data ?? [])]).toEqual([1, 3, 5, 2, 4, 6])
    expect([...(tensors.get('v')?.data ?? [])]).toEqual([5, 6])
  })

  it.each([
    ['text that is no list', 'x', [file], 'a list of weights as torch.export writes it'],
    ['a name twice', '{"config":{"w":1,"w":2}}', [file], 'a list of weights as torch.export writes it'],
    [
      'a negative offset',
      { w: weight(meta([2], [1], { storage_offset: { as_int: -1 } })) },
      [file],
      'a list of weights',
    ],
    ['a symbolic size', { w: weight(meta([2], [1], { sizes: [{ as_expr: 's0' }] })) }, [file], 'a list of weights'],
    ['a file that is missing', { w: weight(meta([2], [1])) }, [], 'a file "weight_0" for tensor "w"'],
    [
      'a file elsewhere',
      { w: weight(meta([2], [1]), { path_name: '../../byteorder' }) },
      [file],
      'an archive without it',
    ],
    ['a tensor past its file', { w: weight(meta([7], [1])) }, [file], 'tensor "w" within its storage of 6 elements'],
    ['half an element', { w: weight(meta([2], [1], { dtype: 8 })) }, [{ ...file, bytes: floats(1) }], '4 bytes'],
    ['fewer strides', { w: weight(meta([2, 3], [1])) }, [file], '2 strides of tensor "w"'],
    ['complex numbers', { w: weight(meta([3], [1], { dtype: 10 })) }, [file], 'a complex tensor (torch.Tensor) as "w"'],
    ['8-bit floats', { w: weight(meta([3], [1], { dtype: 29 })) }, [file], 'a tensor of 8-bit floats'],
    ['a sparse tensor', { w: weight(meta([3], [1], { layout: 1 })) }, [file], 'a sparse tensor'],
    ['a pickled tensor', { w: weight(meta([3], [1]), { use_pickle: true }) }, [file], 'a tensor of a subclass'],
  ])('weights of a torch.export archive with %s are refused', async (_, config, files, reason) => {
    expect(await refusal(listed(config, ...files))).toContain(reason)
  })

  it('a torch.export archive of two programs, or of another byte order, is refused', async () => {
    const second = { name: 'm/data/weights/other_weights_config.json', bytes: Buffer.from('{}') }
    expect(await refusal(listed({ w: weight(meta([2], [1])) }, file, second))).toContain('got several')
    const order = { name: 'm/byteorder', bytes: Buffer.from('big') }
    expect(await refusal(listed({ w: weight(meta([2], [1])) }, file, order))).toContain('byte order "big"')
  })
})

describe('the state dict is found', () => {
  const w = tensor(storage('a', 2), [2], [1])
  const names = async (...parts: readonly (Uint8Array | string)[]): Promise<string[]> => [
    ...(await read(evil(...parts))).tensors.keys(),
  ]

  it.each([
    'state_dict',
    'model',
    'model_state_dict',
    'net',
    'last',
    'model_state',
    'state_dict_ema',
    'params',
    'network',
    'weights',
    'teacher',
  ])('under %s', async (key) => {
    const bytes = evil(dict(text('epoch'), integer(1), text(key), dict(text('w'), w)))
    expect((await read(bytes)).metadata).toEqual({ stateDict: key })
    expect([...(await read(bytes)).tensors.keys()]).toEqual(['w'])
  })

  it('a list at the top, a nested wrapper, a network that has a layer called net', async () => {
    expect(await names(list(dict(text('w'), w)))).toEqual(['w'])
    expect(await names(dict(text('model'), dict(text('state_dict'), dict(text('w'), w))))).toEqual(['w'])
    expect(await names(dict(text('net'), w))).toEqual(['net'])
  })

  it('of a list of networks the first, with a warning if there are more and no key is given', async () => {
    const two = list(dict(text('a'), w), dict(text('b'), w))
    const top = await read(evil(two))
    expect([...top.tensors.keys()]).toEqual(['a'])
    expect(top.warnings).toEqual([
      `it holds a list of 2 networks, of which "[0] of 2" is read; key: '1' reads the second`,
    ])
    const inner = evil(dict(text('state_dict'), two))
    expect((await read(inner)).warnings).toEqual([expect.stringContaining(`key: 'state_dict.1' reads the second`)])
    expect(await readTorchCheckpoint(inner, 'a.pt', { key: 'state_dict.1' })()).toMatchObject({
      right: { tensors: new Map([['b', {}]]), warnings: [] },
    })
    expect((await read(evil(list(dict(text('a'), w))))).warnings).toEqual([])
  })

  it('what is not a tensor is skipped, and named', async () => {
    const { tensors, skipped } = await read(evil(dict(text('w'), w, text('epoch'), integer(1), integer(2), 'N')))
    expect([...tensors.keys()]).toEqual(['w'])
    expect(skipped).toEqual(new Map([['epoch', 'number']]))
  })

  const matrix = tensor(storage('a', 2), [1, 2], [2, 1])
  const network = (name: string): Uint8Array => dict(text(name), matrix)
  const file = (...parts: readonly (string | Uint8Array)[]): Uint8Array =>
    evil(dict(...parts.map((part) => (typeof part === 'string' ? text(part) : part))))

  it('under a key that is not a usual one, if it has weights', async () => {
    const { tensors, metadata } = await read(file('accuracy', dict(text('best'), w), 'student', network('a')))
    expect(metadata).toEqual({ stateDict: 'student' })
    expect([...tensors.keys()]).toEqual(['a'])
    const optimizer = dict(text('state'), dict(integer(0), network('exp_avg')), text('param_groups'), list())
    expect(await refusal(file('optimizer', network('a'), 'o', optimizer))).toContain('keys "optimizer", "o"')
  })

  it('of several networks the exponential average, with a warning', async () => {
    const { tensors, metadata, warnings } = await read(
      file('state_dict', network('a'), 'ema', dict(text('shadow'), network('b'))),
    )
    expect(metadata).toEqual({ stateDict: 'ema.shadow' })
    expect([...tensors.keys()]).toEqual(['b'])
    expect(warnings).toEqual([
      `of the networks "ema.shadow", "state_dict" in it, the average "ema.shadow" is read; key: 'state_dict' reads another`,
    ])
  })

  it('of a Lightning checkpoint of averaged weights the average, with a warning', async () => {
    const bytes = file('state_dict', network('a'), 'current_model_state', network('b'))
    const { tensors, warnings } = await read(bytes)
    expect([...tensors.keys()]).toEqual(['a'])
    expect(warnings).toEqual([
      `of the networks "state_dict", "current_model_state" in it, the average "state_dict" is read; key: 'current_model_state' reads another`,
    ])
  })

  it('an average without the statistics of batch normalisation is not chosen', async () => {
    const whole = dict(text('a'), matrix, text('b.running_var'), w)
    expect(await refusal(file('model', whole, 'ema', network('a')))).toContain('"model" (2 entries), "ema" (1 entries)')
  })

  it('two networks are listed, and the key chooses one', async () => {
    const bytes = file('model', network('a'), 'teacher', dict(text('state_dict'), network('b')))
    const result = await readTorchCheckpoint(bytes, 'a.pt')()
    expect(describeError(fileErrorOf(result))).toBe(
      'loadTeacher: a.pt: expected one network, or the key of one, got 2: "model" (1 entries), "teacher.state_dict" (1 entries)',
    )
    expect(fileErrorOf(result).hint).toBe("Choose one by its key: loadTeacher(file, { key: 'model' }).")
    for (const [key, name] of [
      ['model', 'a'],
      ['teacher', 'b'],
      ['teacher.state_dict', 'b'],
    ] as const)
      expect([...(await read(bytes, { key })).tensors.keys()]).toEqual([name])
    expect(await refusal(bytes, { key: 'student' })).toContain(
      'expected a mapping of names to tensors under "student", got networks under "model"',
    )
  })

  it('a key may be an item of a list, or a prefix of names', async () => {
    const bytes = file('state_dict', list(network('a'), network('b')))
    expect([...(await read(bytes)).tensors.keys()]).toEqual(['a'])
    expect([...(await read(bytes, { key: 'state_dict.1' })).tensors.keys()]).toEqual(['b'])
    const names = file('state_dict', dict(text('student.net.a'), matrix, text('teacher.net.a'), w))
    const found = await read(names, { key: 'state_dict.teacher.net' })
    expect(plain(found)).toEqual({ a: { shape: [2], data: [1, 2] } })
  })

  it('of a network and its average under two prefixes, the average', async () => {
    const names = ['model.a', 'ema_model.module.a', 'ema_model.n_averaged', 'criterion.w']
    const { tensors, warnings } = await read(file('state_dict', dict(...names.flatMap((name) => [text(name), matrix]))))
    expect([...tensors.keys()]).toEqual(names.slice(1))
    expect(warnings).toEqual([expect.stringContaining(`the average "ema_model" is read`)])
  })

  it('the last beside the best of all epochs', async () => {
    expect((await read(file('best', network('a'), 'last', network('b')))).metadata).toEqual({ stateDict: 'last' })
  })

  it.each([
    ['a number', integer(3), 'got number'],
    ['an empty mapping', '}', 'an empty mapping'],
    ['no tensors', dict(text('epoch'), integer(1)), 'a mapping with the keys "epoch"'],
    ['a name that is not text', dict(integer(1), w), 'number as a name'],
  ])('%s is refused', async (_, object, reason) => {
    expect(await refusal(evil(object))).toContain(reason)
  })

  it('a big-endian legacy file is refused', async () => {
    expect(await refusal(legacy(good, one, '\x89'))).toContain('got a big-endian checkpoint')
  })

  it('names the stage of the caller', async () => {
    expect(await refusal(evil('N'), { stage: 'evaluate' })).toMatch(/^evaluate: a\.pt: expected/)
  })
})
