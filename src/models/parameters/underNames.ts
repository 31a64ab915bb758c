import type { Architecture } from '../architecture/architecture.js'
import type { Normalisation } from '../layers/layer.js'
import { parametersOf } from './parameters.js'
import { statisticsOf } from './statistics.js'
import type { NamedTensor, NamedTensors } from './weights.js'

/** A checkpoint's tensors, with the names of one network. */
export interface SeenTensors {
  /** The network's tensors by its own names, and others by theirs, except those that are not needed. */
  readonly tensors: NamedTensors
  /** The normalisation whose constants the checkpoint holds. */
  readonly normalisation: Normalisation | undefined
}

/**
 * Finds a network's tensors in a state dict of public code, whose wrappers add to the names:
 *
 * - a prefix of all of its tensors: `module.` (DataParallel), `model.` (RobustBench), `1.` (a Sequential of a
 *   normalisation and the network), `module.model.` (MadryLab's robustness) …;
 * - `in_proj_weight` and `in_proj_bias` of `torch.nn.MultiheadAttention`, which are those of a layer `in_proj` here;
 * - `qkv` of the class attention of XCiT's authors, which is `q`, `k` and `v` of timm's, and their `pos_embeder`;
 * - a second copy of the network, equal in every bit (robustness' `module.attacker.model.`);
 * - the normalisation's constants: `mu` and `sigma` or `mean` and `std` (RobustBench), `new_mean` and `new_std`
 *   (robustness), under any prefix;
 * - batch normalisation's counters `num_batches_tracked`, which only a momentum of `None` needs, the counter `n_averaged`
 *   of an averaged model, and the tensors `criterion.…` of a loss;
 * - tensors that the architecture lists as unused.
 *
 * The prefix is the one with which most of the network's names are found; of several, the shortest.
 */
export const underNames = (architecture: Architecture, stored: NamedTensors): SeenTensors => {
  const own = new Set([...parametersOf(architecture), ...statisticsOf(architecture)].map(({ name }) => name))
  const given = renamed(own, stored)
  const prefix = prefixOf(own, given.keys())
  const inner = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : '')
  const tensors = new Map([...given].filter(([name]) => own.has(inner(name))).map(([name, t]) => [inner(name), t]))
  const isNothing = (name: string): boolean =>
    UNUSED.test(name) || architecture.unused.some((start) => inner(name).startsWith(start))
  const others = [...given].filter(([name]) => !own.has(inner(name)) && !isNothing(name))
  const strangers = new Map(others.filter(([name, tensor]) => !isCopy(tensors, name, tensor)))
  const normalisation = takeNormalisation(strangers, architecture.input.channels)
  for (const [name, tensor] of strangers) tensors.set(own.has(name) ? `${name} (without ${prefix})` : name, tensor)
  return { tensors, normalisation }
}

/**
 * PyTorch's counts of the updates of a batch normalisation's statistics and of an averaged model (`AveragedModel`), and
 * the tensors of a loss.
 */
const UNUSED = /\.num_batches_tracked$|(^|\.)n_averaged$|^criterion\./

/**
 * The names that a network has for a tensor of public code: one, or three for queries, keys and values in one tensor, if the
 * network has three.
 *
 * @param own the network's names
 */
export const namesFor = (own: ReadonlySet<string>, stored: string): readonly string[] => {
  const name = stored.replace(/\.in_proj_(weight|bias)$/, '.in_proj.$1').replace(/(^|\.)pos_embeder\./, '$1pos_embed.')
  const parts = ['q', 'k', 'v'].map((part) => name.replace(/\.qkv\.(weight|bias)$/, `.${part}.$1`))
  const isSplit = parts.every((part) => part !== name && tailsOf(part).some((tail) => own.has(tail)))
  return isSplit ? parts : [name]
}

/** A state dict by the names of {@link namesFor}. */
const renamed = (own: ReadonlySet<string>, stored: NamedTensors): NamedTensors =>
  new Map(
    [...stored].flatMap(([name, tensor]): [string, NamedTensor][] => {
      const [rows = 0, ...rest] = tensor.shape
      const names = namesFor(own, name)
      const { length } = names
      if (length === 1 || rows % length !== 0) return [[length === 1 ? (names[0] ?? name) : name, tensor]]
      const size = tensor.data.length / length
      return names.map((part, i) => [
        part,
        { shape: [rows / length, ...rest], data: tensor.data.subarray(i * size, (i + 1) * size) },
      ])
    }),
  )

/** A name without its first 0, 1, 2 … parts: `a.b.c`, `b.c`, `c`. */
const tailsOf = (name: string): readonly string[] => {
  const parts = name.split('.')
  return parts.map((_, i) => parts.slice(i).join('.'))
}

/** The prefix with which most of the names `own` are among `names`; of several, the shortest. */
export const prefixOf = (own: ReadonlySet<string>, names: Iterable<string>): string => {
  const found = new Map<string, number>([['', 0]])
  for (const name of names)
    for (const tail of tailsOf(name)) {
      const prefix = name.slice(0, name.length - tail.length)
      if (own.has(tail)) found.set(prefix, (found.get(prefix) ?? 0) + 1)
    }
  // The most names first; of those, the shortest prefix.
  const [[best] = ['']] = [...found].sort(([a, times], [b, others]) => others - times || a.length - b.length)
  return best
}

/** Whether a tensor is a copy of one of the network's, with another prefix. */
const isCopy = (taken: NamedTensors, name: string, { shape, data }: NamedTensor): boolean =>
  tailsOf(name).some((tail) => {
    const first = taken.get(tail)
    return (
      first !== undefined &&
      first.shape.join() === shape.join() &&
      first.data.every((value, i) => Object.is(value, data[i]))
    )
  })

const PAIRS = [
  ['mean', 'std'],
  ['mu', 'sigma'],
  ['new_mean', 'new_std'],
] as const

/** Removes a normalisation's constants from `strangers`, if all the pairs there are the same. */
const takeNormalisation = (strangers: Map<string, NamedTensor>, channels: number): Normalisation | undefined => {
  const pairs = [...strangers].flatMap(([name, first]) => {
    const [meanName, stdName] = PAIRS.find(([last]) => tailsOf(name).at(-1) === last) ?? []
    if (meanName === undefined) return []
    const partner = `${name.slice(0, -meanName.length)}${stdName}`
    const second = strangers.get(partner)
    if (!second || ![first, second].every((tensor) => isPerChannel(tensor, channels))) return []
    const [mean, std] = [first, second].map(({ data }) => [...data])
    return mean && std?.every((value) => value > 0) ? [{ names: [name, partner], normalisation: { mean, std } }] : []
  })
  const distinct = new Set(pairs.map(({ normalisation: { mean, std } }) => [...mean, ...std].join()))
  if (distinct.size !== 1) return undefined
  for (const { names } of pairs) for (const name of names) strangers.delete(name)
  return pairs[0]?.normalisation
}

/** Whether a tensor has one finite number per channel: shape [c], [c, 1, 1] or [1, c, 1, 1]. */
const isPerChannel = ({ shape, data }: NamedTensor, channels: number): boolean =>
  data.length === channels && shape.includes(channels) && data.every(Number.isFinite)
