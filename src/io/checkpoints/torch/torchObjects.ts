import * as t from 'io-ts'
import { codecOf, wholeCodec } from '../../../dsl/kit/codecOf.js'
import { decoded } from '../../files/decoded.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import type { Dtype } from '../tensors/dtype.js'
import { ENTRY_BYTES, ENTRY_STEPS } from './pickleCosts.js'
import {
  describePickle,
  isKind,
  type PickleGlobal,
  type PickleStorage,
  type PickleTensor,
  type PickleTuple,
  type PickleValue,
} from './pickleValue.js'
import type { PickleHost } from './unpickler.js'

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

const DTYPES = ['float64', 'double', 'float32', 'float', 'float16', 'half', 'bfloat16', 'int64', 'long', 'int32', 'int']
const MORE_DTYPES = ['int16', 'short', 'int8', 'uint8', 'bool', 'complex64', 'complex128']

/** Calls whose results are not needed for reading tensors; they return None. */
const INERT_CALLS: ReadonlySet<string> = new Set(['torch.device', 'torch.serialization._get_layout'])

const ALLOWED: ReadonlySet<string> = new Set([
  'collections.OrderedDict',
  'torch.Size',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  ...INERT_CALLS,
  ...STORAGES.keys(),
  ...DTYPES.map((name) => `torch.${name}`),
  ...MORE_DTYPES.map((name) => `torch.${name}`),
])

const HINT = 'Save the state dict alone, torch.save(model.state_dict(), path): it holds only tensors and needs no code.'

const MOST_AXES = 64

const kindCodec = <K extends string>(kind: K) => codecOf(kind, isKind(kind))

const Count = wholeCodec('a count')
const Counts = t.readonlyArray(Count)

const StorageId = t.tuple([t.literal('storage'), kindCodec('global'), t.string, t.string, Count])
const StorageView = t.tuple([t.string, Count, Count])
const TensorHead = t.tuple([kindCodec('storage'), Count, kindCodec('tuple'), kindCodec('tuple')])
const Pairs = t.readonlyArray(kindCodec('tuple'))

const rebuildTensor = (args: readonly PickleValue[]): PickleTensor => {
  const what = 'a tensor of a storage, an offset, a shape and strides'
  const [storage, offset, sizes, steps] = decoded(TensorHead, args.slice(0, 4), what)
  const axes = sizes.items.length
  if (axes !== steps.items.length) refuse(`${axes} strides`, `${steps.items.length}`)
  if (axes > MOST_AXES) refuse(`a tensor of at most ${MOST_AXES} axes`, `${axes}`)
  const shape = decoded(Counts, sizes.items, what)
  const strides = decoded(Counts, steps.items, what)
  return { kind: 'tensor', storage, offset, shape, strides }
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

const global = (name: string): PickleGlobal =>
  ALLOWED.has(name)
    ? { kind: 'global', name }
    : refuse('a checkpoint of tensors', `a reference to ${quoted(name)}`, HINT)

const call = (callee: PickleGlobal, args: readonly PickleValue[], budget: ReadBudget): PickleValue => {
  switch (callee.name) {
    case 'collections.OrderedDict':
      return orderedDict(args, budget)
    case 'torch.Size':
      return size(args)
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      return rebuildTensor(args)
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state': {
      const [tensor] = args
      return isKind('tensor')(tensor) ? tensor : refuse('a parameter of a tensor', describePickle(tensor ?? null))
    }
    default:
      return INERT_CALLS.has(callee.name)
        ? null
        : refuse('a checkpoint of tensors', `a call of ${quoted(callee.name)}`, HINT)
  }
}

const persistent = (id: PickleValue): PickleStorage => {
  const what = 'the type, key, device and number of elements of a storage'
  const parts = isKind('tuple')(id) ? id.items : refuse(what, describePickle(id))
  const [, type, key, , total] = decoded(StorageId, parts.slice(0, 5), what)
  const dtype = STORAGES.get(type.name) ?? refuse('a storage type', quoted(type.name))
  const view = parts[5] ?? null
  if (view === null) return { kind: 'storage', key, dtype, total, start: 0, count: total }
  const [, start, count] = decoded(
    StorageView,
    isKind('tuple')(view) ? view.items : view,
    'the key, offset and length of a view',
  )
  if (start + count > total) refuse(`a view within ${total} elements`, `a view of ${start} to ${start + count}`)
  return { kind: 'storage', key, dtype, total, start, count }
}

interface TorchHost extends PickleHost {
  readonly persistent: (id: PickleValue) => PickleStorage
}

/** Accepts only the names, calls and storages that PyTorch itself uses in state dicts. */
export const torchHost: TorchHost = { global, call, persistent }

/** Accepts only plain values: for the small pickles before and after the state dict. */
export const plainHost: PickleHost = {
  global,
  call: (callee) => refuse('plain values', `a call of ${quoted(callee.name)}`),
  persistent: () => refuse('plain values', 'a storage'),
}
