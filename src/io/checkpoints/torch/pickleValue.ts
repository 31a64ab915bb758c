import { clipped, quoted } from '../../files/refusal.js'
import type { Dtype } from '../tensors/dtype.js'

/** A name that the pickle refers to and that the reader knows. Nothing is ever imported. */
export interface PickleGlobal {
  readonly kind: 'global'
  readonly name: string
}

/**
 * Stands for an object that the reader does not know: a class, a function, or what they would have made. What the pickle
 * passes to it or puts into it is dropped.
 */
export interface PickleOpaque {
  readonly kind: 'opaque'
  /** The name of the class or function in Python. */
  readonly name: string
  /** What it is, for errors. @default an object of its name */
  readonly what?: string
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
  /** Its type in Python, such as `torch.FloatStorage`. */
  readonly type: string
  /** The type of its elements. @default the reader has none for them */
  readonly dtype?: Dtype
  /** Bytes of one element. */
  readonly elementBytes: number
  /** The number of elements that the whole storage declares. */
  readonly total: number
  readonly start: number
  readonly count: number
}

/** A tensor as declared, its elements not read yet. Offsets and strides are in elements. */
export interface PickleTensor {
  readonly kind: 'tensor'
  readonly storage: PickleStorage
  readonly dtype: Dtype
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
  | PickleOpaque
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
  switch (value.kind) {
    case 'global':
      return `a reference to ${quoted(value.name)}`
    case 'opaque':
      return value.what === undefined ? `an object ${quoted(value.name)}` : `${value.what} (${clipped(value.name)})`
    default:
      return `a ${value.kind}`
  }
}

/** Whether a value is of a kind: `isKind('dict')(value)`. */
export const isKind =
  <K extends string>(kind: K) =>
  (value: unknown): value is Extract<PickleValue, { readonly kind: K }> =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
