import type { Dtype } from '../tensors/dtype.js'

/** A name that the pickle refers to. Only names on the allow-list are accepted; nothing is ever imported. */
export interface PickleGlobal {
  readonly kind: 'global'
  readonly name: string
}

/** A Python list. It may contain itself. */
export interface PickleList {
  readonly kind: 'list'
  readonly items: PickleValue[]
}

/** A Python tuple, and a `torch.Size`. */
export interface PickleTuple {
  readonly kind: 'tuple'
  readonly items: readonly PickleValue[]
}

/** A Python dict or OrderedDict, in its order. */
export interface PickleDict {
  readonly kind: 'dict'
  readonly entries: Map<PickleValue, PickleValue>
}

/** A run of elements in the file, by its key; `start` and `count` are in elements. */
export interface PickleStorage {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: Dtype
  /** The number of elements that the whole storage declares. */
  readonly total: number
  readonly start: number
  readonly count: number
}

/** A tensor as declared, its elements not read yet. Offsets and strides are in elements. */
export interface PickleTensor {
  readonly kind: 'tensor'
  readonly storage: PickleStorage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

/** Any value that a pickle of tensors can hold. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleGlobal
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleStorage
  | PickleTensor

/** The kind of a value, for an error. */
export const describePickle = (value: PickleValue): string => {
  if (value === null) return 'None'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value !== 'object') return typeof value
  return value.kind === 'global' ? `a reference to ${JSON.stringify(value.name)}` : `a ${value.kind}`
}

/** Whether a value is of a kind: `isKind('dict')(value)`. */
export const isKind =
  <K extends string>(kind: K) =>
  (value: unknown): value is Extract<PickleValue, { readonly kind: K }> =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
