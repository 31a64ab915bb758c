import { refuse } from '../../files/refusal.js'
import { isKind, type PickleDict, type PickleTensor, type PickleValue } from './pickleValue.js'

/** A mapping of names to tensors, and where in the file it is. */
export interface Network {
  /** `''` at the top, else e.g. `state_dict` or `state_dict[0] of 3`. */
  readonly path: string
  readonly dict: PickleDict
  /** If it is an item of a list of networks, how many they are, and the key of the second. */
  readonly list?: { readonly networks: number; readonly second: string }
}

/**
 * Keys under which training scripts put the state dict: `net` is used by pytorch-cifar, `last` by two releases in
 * RobustBench (Andriushchenko2020, Kireev2021), `state_dict_ema` by timm, `model_state` by pycls.
 */
export const WRAPPERS: readonly string[] = [
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
]

/** Parts of a training run that have tensors and are no network. */
const ASIDE = /^opt|optim|sched|scaler|criterion|loss|callback/i
const MOST_WRAPPING = 4

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const tensorsOf = ({ entries }: PickleDict): readonly PickleTensor[] => [...entries.values()].filter(isKind('tensor'))

/** A weight of a layer has two axes or more; figures and counters have fewer. */
const hasWeights = (dict: PickleDict): boolean => tensorsOf(dict).some(({ shape }) => shape.length > 1)

/**
 * The networks in a value, in the order of the file. Under the usual keys any mapping with a tensor is one, under other
 * keys one that has a weight; of a list, only item number `select` is looked at.
 *
 * @throws Refusal for a list of networks without item `select`
 */
export const networksIn = (value: PickleValue, select: number, at = ''): readonly Network[] => {
  // One mapping may stand in many places, and in itself.
  const seen = new Set<PickleValue>()

  const itemIn = (items: readonly PickleValue[], path: string, depth: number): readonly Network[] => {
    const item = items[select]
    if (item === undefined && items.some(isKind('dict')))
      return refuse(`a state dict number ${select}`, `a list of ${items.length}`)
    if (item === undefined) return []
    const found = search(item, `${path}[${select}] of ${items.length}`, depth + 1)
    const networks = items.filter(isKind('dict')).length
    return networks < 2 || select > 0
      ? found
      : found.map((one) => ({ list: { networks, second: join(path, '1') }, ...one }))
  }

  const inDict = (dict: PickleDict, path: string, depth: number): readonly Network[] => {
    const inner = [...dict.entries].flatMap(([key, entry]) => {
      if (typeof key !== 'string' || ASIDE.test(key)) return []
      const found = search(entry, join(path, key), depth + 1)
      const usual = WRAPPERS.includes(key)
      return found.filter((network) => usual || hasWeights(network.dict)).map((network) => ({ network, usual }))
    })
    const isUsual = inner.some(({ usual }) => usual)
    if (isUsual || (inner.length > 0 && !hasWeights(dict))) return inner.map(({ network }) => network)
    return tensorsOf(dict).length > 0 ? [{ path, dict }] : []
  }

  const search = (found: PickleValue, path: string, depth: number): readonly Network[] => {
    if (depth > MOST_WRAPPING || seen.has(found)) return []
    if (isKind('list')(found) || isKind('tuple')(found)) {
      seen.add(found)
      return itemIn(found.items, path, depth)
    }
    // An optimizer's state.
    if (!isKind('dict')(found) || found.entries.has('param_groups')) return []
    seen.add(found)
    return inDict(found, path, depth)
  }

  return search(value, at, 0)
}

/** What a key such as `teacher`, `ema.shadow`, `state_dict.1` or a prefix of names refers to; undefined for nothing. */
export const valueAt = (value: PickleValue, key: string): PickleValue | undefined => {
  if (isKind('list')(value) || isKind('tuple')(value)) {
    const [number = '', ...rest] = key.split('.')
    const item = /^\d+$/.test(number) ? value.items[Number(number)] : undefined
    return item === undefined || rest.length === 0 ? item : valueAt(item, rest.join('.'))
  }
  if (!isKind('dict')(value)) return undefined
  const whole = value.entries.get(key)
  if (whole !== undefined) return whole
  const parts = key.split('.')
  for (let count = parts.length - 1; count > 0; count--) {
    const inner = value.entries.get(parts.slice(0, count).join('.'))
    if (inner !== undefined) return valueAt(inner, parts.slice(count).join('.'))
  }
  return underPrefix(value, `${key}.`)
}

/** The part of a state dict whose names have a prefix, without it. */
const underPrefix = ({ entries }: PickleDict, prefix: string): PickleDict | undefined => {
  const inner = [...entries].flatMap(([name, value]): readonly (readonly [string, PickleValue])[] =>
    typeof name === 'string' && name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
  )
  return inner.length === 0 ? undefined : { kind: 'dict', entries: new Map(inner) }
}
