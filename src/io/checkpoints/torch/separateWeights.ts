import * as t from 'io-ts'
import { objectCodec, recordCodec, wholeCodec } from '../../../dsl/kit/codecOf.js'
import { parseJsonOnce } from '../../../dsl/kit/repeatedKey.js'
import { decoded } from '../../files/decoded.js'
import { allocateJson } from '../../files/jsonCost.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { utf8Text } from '../../files/utf8.js'
import { DTYPE_BYTES, type Dtype } from '../tensors/dtype.js'
import { type FoundTensors, findTensors, type Selection } from './findTensors.js'
import type { PickleOpaque, PickleTensor, PickleValue } from './pickleValue.js'

// The weights of `torch.export.save` of PyTorch 2.9 and later: a list in JSON, and a file of the bytes of each storage.

/** Types of elements by their numbers in `torch._export.serde.schema.ScalarType`. */
const DTYPES: ReadonlyMap<number, Dtype> = new Map([
  [1, 'U8'],
  [2, 'I8'],
  [3, 'I16'],
  [4, 'I32'],
  [5, 'I64'],
  [6, 'F16'],
  [7, 'F32'],
  [8, 'F64'],
  [12, 'BOOL'],
  [13, 'BF16'],
])

/** Types that the reader has not, and what a tensor of them is. */
const UNREAD: ReadonlyMap<number, string> = new Map([
  ...[9, 10, 11].map((type) => [type, 'a complex tensor'] as const),
  ...[29, 30, 31, 32, 33].map((type) => [type, 'a tensor of 8-bit floats'] as const),
])

const STRIDED = 7
const MOST_AXES = 64

const Count = wholeCodec('a count')
const SymInt = objectCodec({ as_int: Count })

const Meta = objectCodec({
  dtype: Count,
  sizes: t.readonlyArray(SymInt),
  strides: t.readonlyArray(SymInt),
  storage_offset: SymInt,
  layout: Count,
})

const Payload = objectCodec({ path_name: t.string, use_pickle: t.boolean, tensor_meta: t.union([t.null, Meta]) })
type Payload = t.TypeOf<typeof Payload>

const List = objectCodec({ config: recordCodec(Payload) })

/** A tensor of another form than rows of numbers: of a subclass, which is a pickle; sparse; or of an unknown type. */
const opaque = (what: string): PickleOpaque => ({ kind: 'opaque', name: 'torch.Tensor', what })

/**
 * What a list of weights declares, their numbers not read yet.
 *
 * @param list the JSON text
 * @param sizeOf the bytes of a file of the list by its name; undefined if the archive has no such file
 * @param selection which network to take if the list holds several; a key is a prefix of names
 * @returns tensors whose storages have the names of their files as keys
 * @throws Refusal for another text, and for a file that is missing
 */
export const separateWeights = (
  list: Uint8Array,
  sizeOf: (file: string) => number | undefined,
  selection: Selection,
  budget: ReadBudget,
): FoundTensors => {
  const what = 'the list of its weights'
  allocateJson(budget, list, what)
  const { config } = decoded(List, parseJsonOnce(utf8Text(list, what)), 'a list of weights as torch.export writes it')
  const entries = new Map<PickleValue, PickleValue>()
  for (const [name, payload] of Object.entries(config)) entries.set(name, declared(name, payload, sizeOf))
  return findTensors({ kind: 'dict', entries }, selection)
}

const declared = (
  name: string,
  { path_name: key, use_pickle, tensor_meta: meta }: Payload,
  sizeOf: (file: string) => number | undefined,
): PickleTensor | PickleOpaque => {
  if (use_pickle || meta === null) return opaque('a tensor of a subclass')
  if (meta.layout !== STRIDED) return opaque('a sparse tensor')
  const dtype = DTYPES.get(meta.dtype)
  if (dtype === undefined) return opaque(UNREAD.get(meta.dtype) ?? 'a tensor of an unknown type')
  const axes = meta.sizes.length
  if (axes !== meta.strides.length) refuse(`${axes} strides of tensor ${quoted(name)}`, `${meta.strides.length}`)
  if (axes > MOST_AXES) refuse(`a tensor of at most ${MOST_AXES} axes`, `${axes}`)
  const bytes = sizeOf(key) ?? refuse(`a file ${quoted(key)} for tensor ${quoted(name)}`, 'an archive without it')
  const elementBytes = DTYPE_BYTES[dtype]
  const total = bytes / elementBytes
  if (!Number.isInteger(total)) refuse(`elements of ${elementBytes} bytes in ${quoted(key)}`, `${bytes} bytes`)
  return {
    kind: 'tensor',
    storage: { kind: 'storage', key, type: 'torch.UntypedStorage', dtype, elementBytes, total, start: 0, count: total },
    dtype,
    offset: meta.storage_offset.as_int,
    shape: meta.sizes.map(({ as_int }) => as_int),
    strides: meta.strides.map(({ as_int }) => as_int),
  }
}
