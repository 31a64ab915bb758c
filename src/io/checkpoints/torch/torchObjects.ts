import * as t from 'io-ts'
import { codecOf, wholeCodec } from '../../../dsl/kit/codecOf.js'
import { given } from '../../../dsl/kit/given.js'
import { decoded } from '../../files/decoded.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { DTYPE_BYTES, type Dtype } from '../tensors/dtype.js'
import { ENTRY_BYTES, ENTRY_STEPS } from './pickleCosts.js'
import type { PickleHost } from './pickleStack.js'
import {
  describePickle,
  isKind,
  type PickleGlobal,
  type PickleOpaque,
  type PickleStorage,
  type PickleTensor,
  type PickleTuple,
  type PickleValue,
} from './pickleValue.js'

const STORAGES: ReadonlyMap<string, Dtype> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
])

/** Storages of elements that are not real numbers, or of a type that stands elsewhere; bytes of one element. */
const UNREAD_STORAGES: ReadonlyMap<string, number> = new Map([
  ['torch.ComplexFloatStorage', 8],
  ['torch.ComplexDoubleStorage', 16],
  ['torch.QInt8Storage', 1],
  ['torch.QUInt8Storage', 1],
  ['torch.QInt32Storage', 4],
  ['torch.UntypedStorage', 1],
  ['torch.storage.UntypedStorage', 1],
])

/** Functions that make tensors which the reader can't read, and what these are. */
const UNREAD_TENSORS: ReadonlyMap<string, string> = new Map([
  ['torch._utils._rebuild_qtensor', 'a quantized tensor'],
  ['torch._utils._rebuild_sparse_tensor', 'a sparse tensor'],
  ['torch._utils._rebuild_meta_tensor_no_storage', 'a tensor without values'],
])

const DTYPES = ['float64', 'double', 'float32', 'float', 'float16', 'half', 'bfloat16', 'int64', 'long', 'int32', 'int']
const MORE_DTYPES = ['int16', 'short', 'int8', 'uint8', 'bool', 'complex64', 'complex128']

/** Calls whose results are not needed for reading tensors; they return None. */
const INERT_CALLS: ReadonlySet<string> = new Set(['torch.device', 'torch.serialization._get_layout'])

/** Classes of tensors whose values are those of a plain tensor. */
const TENSOR_TYPES: ReadonlySet<string> = new Set([
  'torch.Tensor',
  'torch._tensor.Tensor',
  'torch.nn.parameter.Parameter',
  'torch.nn.parameter.Buffer',
])

const KNOWN: ReadonlySet<string> = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'torch.Size',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._tensor._rebuild_from_type_v2',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  ...TENSOR_TYPES,
  ...INERT_CALLS,
  ...STORAGES.keys(),
  ...UNREAD_STORAGES.keys(),
  ...DTYPES.map((name) => `torch.${name}`),
  ...MORE_DTYPES.map((name) => `torch.${name}`),
])

const MOST_AXES = 64

const kindCodec = <K extends string>(kind: K) => codecOf(kind, isKind(kind))

const Count = wholeCodec('a count')
const Counts = t.readonlyArray(Count)

const StorageId = t.tuple([t.literal('storage'), kindCodec('global'), t.string, t.string, Count])
const StorageView = t.tuple([t.string, Count, Count])
const TensorHead = t.tuple([kindCodec('storage'), Count, kindCodec('tuple'), kindCodec('tuple')])
const Pairs = t.readonlyArray(kindCodec('tuple'))

const rebuildTensor = (args: readonly PickleValue[]): PickleTensor | PickleOpaque => {
  const what = 'a tensor of a storage, an offset, a shape and strides'
  const [storage, offset, sizes, steps] = decoded(TensorHead, args.slice(0, 4), what)
  const axes = sizes.items.length
  if (axes !== steps.items.length) refuse(`${axes} strides`, `${steps.items.length}`)
  if (axes > MOST_AXES) refuse(`a tensor of at most ${MOST_AXES} axes`, `${axes}`)
  const shape = decoded(Counts, sizes.items, what)
  const strides = decoded(Counts, steps.items, what)
  const { dtype, type } = storage
  return dtype === undefined
    ? { kind: 'opaque', name: type, what: type.includes('Complex') ? 'a complex tensor' : 'a tensor' }
    : { kind: 'tensor', storage, dtype, offset, shape, strides }
}

/** A tensor of a type that has no storage class of its own, such as 8-bit floats. */
const unreadTensor = (type: PickleValue): PickleOpaque => {
  const name = isKind('global')(type) || isKind('opaque')(type) ? type.name : refuse('a type', describePickle(type))
  return { kind: 'opaque', name, what: name.includes('float8') ? 'a tensor of 8-bit floats' : 'a tensor' }
}

/** A tensor with attributes or of a subclass, made by a function and its arguments: only `torch`'s own are read. */
const typedTensor = ([by, type, args]: readonly PickleValue[]): PickleValue => {
  const made = isKind('global')(type) && TENSOR_TYPES.has(type.name)
  if (!made) return { kind: 'opaque', name: isKind('opaque')(type) ? type.name : 'torch.Tensor', what: 'a tensor' }
  const isPlain = isKind('global')(by) && by.name === 'torch._utils._rebuild_tensor_v2'
  return isPlain && isKind('tuple')(args)
    ? rebuildTensor(args.items)
    : { kind: 'opaque', name: type.name, what: 'a tensor' }
}

const orderedDict = (args: readonly PickleValue[], budget: ReadBudget): PickleValue => {
  const entries = new Map<PickleValue, PickleValue>()
  const [first] = args
  if (first === undefined) return { kind: 'dict', entries }
  const what = 'an OrderedDict of pairs'
  const pairs = isKind('list')(first) || isKind('tuple')(first) ? first.items : refuse(what, describePickle(first))
  // One list may be the argument of many calls: each copies it.
  budget.allocate(ENTRY_BYTES * pairs.length, what)
  budget.work(2 * ENTRY_STEPS * pairs.length, what)
  for (const { items } of decoded(Pairs, pairs, what)) {
    const [key, value] = items
    if (key === undefined || value === undefined) return refuse(what, 'a shorter tuple')
    entries.set(key, value)
  }
  return { kind: 'dict', entries }
}

const size = (args: readonly PickleValue[]): PickleTuple => {
  const [first] = args
  if (first === undefined) return { kind: 'tuple', items: [] }
  return isKind('tuple')(first) || isKind('list')(first)
    ? { kind: 'tuple', items: first.items }
    : refuse('a shape', describePickle(first))
}

const global = (name: string): PickleGlobal | PickleOpaque => {
  if (KNOWN.has(name)) return { kind: 'global', name }
  const what = UNREAD_TENSORS.get(name)
  return what === undefined ? { kind: 'opaque', name } : { kind: 'opaque', name, what }
}

const call = (callee: PickleGlobal, args: readonly PickleValue[], budget: ReadBudget): PickleValue => {
  switch (callee.name) {
    case 'collections.OrderedDict':
      return orderedDict(args, budget)
    case 'collections.defaultdict':
      return { kind: 'dict', entries: new Map() }
    case 'torch.Size':
      return size(args)
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      return rebuildTensor(args)
    case 'torch._utils._rebuild_tensor_v3':
      return unreadTensor(args[6] ?? null)
    case 'torch._tensor._rebuild_from_type_v2':
      return typedTensor(args)
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state': {
      const [tensor] = args
      return isKind('tensor')(tensor) || isKind('opaque')(tensor)
        ? tensor
        : refuse('a parameter of a tensor', describePickle(tensor ?? null))
    }
    default:
      return INERT_CALLS.has(callee.name) ? null : refuse('a checkpoint of tensors', `a call of ${quoted(callee.name)}`)
  }
}

const persistent = (id: PickleValue): PickleStorage => {
  const what = 'the type, key, device and number of elements of a storage'
  const parts = isKind('tuple')(id) ? id.items : refuse(what, describePickle(id))
  const [, type, key, , total] = decoded(StorageId, parts.slice(0, 5), what)
  const dtype = STORAGES.get(type.name)
  const elementBytes =
    (dtype && DTYPE_BYTES[dtype]) ?? UNREAD_STORAGES.get(type.name) ?? refuse('a storage type', quoted(type.name))
  const storage = { kind: 'storage', key, type: type.name, elementBytes, total, ...given({ dtype }) } as const
  const view = parts[5] ?? null
  if (view === null) return { ...storage, start: 0, count: total }
  const [, start, count] = decoded(
    StorageView,
    isKind('tuple')(view) ? view.items : view,
    'the key, offset and length of a view',
  )
  if (start + count > total) refuse(`a view within ${total} elements`, `a view of ${start} to ${start + count}`)
  return { ...storage, start, count }
}

interface TorchHost extends PickleHost {
  readonly persistent: (id: PickleValue) => PickleStorage
}

/** Knows the names, calls and storages that PyTorch itself uses in state dicts; all others are opaque values. */
export const torchHost: TorchHost = { global, call, persistent }

/** Accepts only plain values: for the small pickles before and after the state dict. */
export const plainHost: PickleHost = {
  global: (name) => refuse('plain values', `a reference to ${quoted(name)}`),
  call: (callee) => refuse('plain values', `a call of ${quoted(callee.name)}`),
  persistent: () => refuse('plain values', 'a storage'),
}
