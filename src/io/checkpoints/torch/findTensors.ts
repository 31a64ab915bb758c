import { quoted, refuse } from '../../files/refusal.js'
import { averageAmong, averageOf, preferring } from './averages.js'
import { type Network, networksIn, valueAt, WRAPPERS } from './networksIn.js'
import { describePickle, isKind, type PickleDict, type PickleTensor, type PickleValue } from './pickleValue.js'

/** Which network of a file is read. */
export interface Selection {
  /** Of a list of networks, the item, counted from 0. */
  readonly select: number
  /** Where the network is, such as `teacher` or `ema.shadow`; or a prefix of its names. @default found by its place */
  readonly key?: string | undefined
}

/** The tensors of one network, not read yet, and where in the file they are. */
export interface FoundTensors {
  readonly tensors: ReadonlyMap<string, PickleTensor>
  /** What stands beside the tensors under a name of its own, and what it is. */
  readonly skipped: ReadonlyMap<string, string>
  /** `''` at the top, else e.g. `state_dict` or `state_dict[0] of 3`. */
  readonly path: string
  /** Which of several networks was taken, a sentence. */
  readonly warnings: readonly string[]
}

const EXPECTED = `a mapping of names to tensors, at the top or under ${WRAPPERS.join(', ')}`
const SAVE = 'Save the state dict alone, torch.save(model.state_dict(), path): it holds only tensors and needs no code.'
const MOST_SHOWN = 5

const keysOf = (dict: PickleDict): string => {
  const keys = [...dict.entries.keys()]
  const shown = keys.slice(0, MOST_SHOWN).map((key) => (typeof key === 'string' ? quoted(key) : describePickle(key)))
  return keys.length === 0
    ? 'an empty mapping'
    : `a mapping with the keys ${shown.join(', ')}${keys.length > MOST_SHOWN ? ', …' : ''}`
}

/** A state dict of tensors that can't be read. */
const refuseUnread = ({ entries }: PickleDict): void => {
  for (const [name, value] of entries)
    if (isKind('opaque')(value) && value.what !== undefined && typeof name === 'string')
      refuse(EXPECTED, `${describePickle(value)} as ${quoted(name)}`, 'Save it as float32: model.float().state_dict().')
}

/** A whole network that was saved as an object, at the top or under one of the usual keys. */
const refuseNone = (value: PickleValue): never => {
  if (isKind('opaque')(value)) return refuse(EXPECTED, describePickle(value), SAVE)
  if (!isKind('dict')(value)) return refuse(EXPECTED, describePickle(value))
  for (const key of WRAPPERS) {
    const inner = value.entries.get(key)
    if (isKind('opaque')(inner)) return refuse(EXPECTED, `${describePickle(inner)} under ${quoted(key)}`, SAVE)
    if (isKind('dict')(inner)) refuseUnread(inner)
  }
  refuseUnread(value)
  return refuse(EXPECTED, keysOf(value))
}

const tensorsOf = ({ dict, path, list }: Network): FoundTensors => {
  const all = new Map<string, PickleTensor>()
  const skipped = new Map<string, string>()
  for (const [name, value] of dict.entries) {
    const isTensor = isKind('tensor')(value)
    if (typeof name === 'string' && isTensor) all.set(name, value)
    else if (typeof name === 'string') skipped.set(name, describePickle(value))
    else if (isTensor) return refuse(EXPECTED, `${describePickle(name)} as a name`)
  }
  const averaged = averageAmong(all)
  const warnings = list ? [...averaged.warnings, firstOf(path, list)] : averaged.warnings
  return { ...averaged, warnings, skipped, path }
}

/** For a list of which no key chooses an item. */
const firstOf = (path: string, { networks, second }: NonNullable<Network['list']>): string =>
  `it holds a list of ${networks} networks, of which ${quoted(path)} is read; key: '${second}' reads the second`

const listed = (networks: readonly Network[]): string => {
  const shown = networks.slice(0, MOST_SHOWN).map(({ path, dict }) => `${quoted(path)} (${dict.entries.size} entries)`)
  return `${shown.join(', ')}${networks.length > MOST_SHOWN ? ` … (${networks.length} in all)` : ''}`
}

/** RobustBench reads `last` where a file also holds the best of all epochs. */
const lastOf = (networks: readonly Network[]): Network | undefined =>
  networks.every(({ path }) => /^(last|best\w*)$/.test(path)) ? networks.find(({ path }) => path === 'last') : undefined

const oneOf = (networks: readonly Network[]): FoundTensors => {
  const [first, second] = networks
  if (first !== undefined && second === undefined) return tensorsOf(first)
  const last = lastOf(networks)
  if (last !== undefined) return tensorsOf(last)
  const average = averageOf(networks)
  if (average === undefined)
    return refuse(
      'one network, or the key of one',
      `${networks.length}: ${listed(networks)}`,
      `Choose one by its key: loadTeacher(file, { key: '${first?.path}' }).`,
    )
  const others = networks.filter((network) => network !== average).map(({ path }) => path)
  const found = tensorsOf(average)
  return { ...found, warnings: [preferring(average.path, others), ...found.warnings] }
}

const under = (value: PickleValue, key: string, select: number): FoundTensors => {
  const inner = valueAt(value, key)
  const networks = inner === undefined ? [] : networksIn(inner, select, key)
  if (networks.length > 0) return oneOf(networks)
  const expected = `a mapping of names to tensors under ${quoted(key)}`
  if (inner !== undefined) return refuse(expected, isKind('dict')(inner) ? keysOf(inner) : describePickle(inner))
  const others = networksIn(value, select)
  return refuse(expected, others.length > 0 ? `networks under ${listed(others)}` : 'no such key')
}

/**
 * Finds the state dict in an unpickled value: by the key that is given; or else the value itself, or what it holds under
 * `state_dict`, `model`, `net` … or another key. Of a list, item number `select` is taken. Of several networks, the
 * exponential average is taken, with a warning. Names are returned unchanged.
 *
 * @throws Refusal if there is no mapping of names to tensors, or if there are several and none is an average
 */
export const findTensors = (value: PickleValue, { select, key }: Selection): FoundTensors => {
  if (key !== undefined) return under(value, key, select)
  const networks = networksIn(value, select)
  return networks.length === 0 ? refuseNone(value) : oneOf(networks)
}
