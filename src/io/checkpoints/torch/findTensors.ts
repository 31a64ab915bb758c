import { quoted, refuse } from '../../files/refusal.js'
import { describePickle, type PickleDict, type PickleTensor, type PickleValue } from './pickleValue.js'

/** The tensors of one network, not read yet, and where in the file they are. */
export interface FoundTensors {
  readonly tensors: ReadonlyMap<string, PickleTensor>
  /** `''` at the top, else e.g. `state_dict` or `state_dict[0] of 3`. */
  readonly path: string
}

/**
 * Keys under which training scripts put the state dict, the most frequent first: `net` is used by pytorch-cifar, `last`
 * by two releases in RobustBench (Andriushchenko2020, Kireev2021), which also hold the best of all epochs.
 */
const WRAPPERS = ['state_dict', 'model', 'model_state_dict', 'net', 'last'] as const
const MOST_WRAPPING = 3
const EXPECTED = `a mapping of names to tensors, at the top or under ${WRAPPERS.join(', ')}`

type Kinded = Exclude<PickleValue, null | boolean | number | bigint | string | Uint8Array>

const kinded = (value: PickleValue): Kinded | undefined =>
  value === null || typeof value !== 'object' || value instanceof Uint8Array ? undefined : value

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const keysOf = (dict: PickleDict): string => {
  const keys = [...dict.entries.keys()]
  const shown = keys.slice(0, 5).map((key) => (typeof key === 'string' ? quoted(key) : describePickle(key)))
  return keys.length === 0
    ? 'an empty mapping'
    : `a mapping with the keys ${shown.join(', ')}${keys.length > 5 ? ', …' : ''}`
}

const tensorsOf = (dict: PickleDict, path: string): FoundTensors => {
  const tensors = new Map<string, PickleTensor>()
  for (const [name, value] of dict.entries) {
    const tensor = kinded(value)
    if (typeof name !== 'string') return refuse(EXPECTED, `${describePickle(name)} as a name`)
    if (tensor?.kind !== 'tensor') return refuse(EXPECTED, `${describePickle(value)} as ${quoted(name)}`)
    tensors.set(name, tensor)
  }
  return { tensors, path }
}

const find = (value: PickleValue, select: number, path: string, depth: number): FoundTensors => {
  const found = kinded(value)
  if (found?.kind === 'list' || found?.kind === 'tuple') {
    const count = found.items.length
    const item = found.items[select]
    if (item === undefined) return refuse(`a state dict number ${select}`, `a list of ${count}`)
    if (depth === MOST_WRAPPING) return refuse(EXPECTED, 'a deeper nesting')
    return find(item, select, `${path}[${select}] of ${count}`, depth + 1)
  }
  if (found?.kind !== 'dict') return refuse(EXPECTED, describePickle(value))
  for (const key of WRAPPERS) {
    const inner = found.entries.get(key)
    const kind = inner === undefined ? undefined : kinded(inner)?.kind
    if (inner !== undefined && (kind === 'dict' || kind === 'list' || kind === 'tuple')) {
      if (depth === MOST_WRAPPING) return refuse(EXPECTED, 'a deeper nesting')
      return find(inner, select, join(path, key), depth + 1)
    }
  }
  const someTensor = [...found.entries.values()].some((entry) => kinded(entry)?.kind === 'tensor')
  return someTensor ? tensorsOf(found, path) : refuse(EXPECTED, keysOf(found))
}

/**
 * Finds the state dict in an unpickled value: the value itself, or what it holds under `state_dict`, `model`,
 * `model_state_dict`, `net` or `last`; other keys are ignored. Of a list, item number `select` is taken. Names are
 * returned unchanged.
 *
 * @throws Refusal if there is no mapping of names to tensors
 */
export const findTensors = (value: PickleValue, select: number): FoundTensors => find(value, select, '', 0)
