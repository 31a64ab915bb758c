import { quoted } from '../../files/refusal.js'
import type { Network } from './networksIn.js'
import type { PickleTensor } from './pickleValue.js'

/** Whether a key names an exponential average: `ema`, `model_ema`, `state_dict_ema`, `ema.shadow` … */
const isAverage = (key: string): boolean => /(^|[._])ema([._]|$)/i.test(key)

const statisticsIn = ({ dict }: Network): number =>
  [...dict.entries.keys()].filter((name) => typeof name === 'string' && name.endsWith('running_var')).length

/** Lightning's `WeightAveraging` puts the average under the usual key, and moves the network aside. */
const ASIDE = 'current_model_state'

/**
 * The average among several networks, if there is one. An average of the parameters alone does not count if another
 * network has statistics of batch normalisation.
 */
export const averageOf = (networks: readonly Network[]): Network | undefined => {
  const usual = networks.find(({ path }) => path === 'state_dict')
  if (usual && networks.length === 2 && networks.some(({ path }) => path === ASIDE)) return usual
  const [average, second] = networks.filter(({ path }) => isAverage(path))
  const most = Math.max(...networks.map(statisticsIn))
  return average !== undefined && second === undefined && statisticsIn(average) === most ? average : undefined
}

/** Tensors without the network of which they also hold an average, and a sentence about it. */
interface Averaged {
  readonly tensors: ReadonlyMap<string, PickleTensor>
  readonly warnings: readonly string[]
}

const segmentOf = (name: string): string => name.slice(0, name.indexOf('.') + 1)
const withoutModule = (name: string): string => name.replace(/^(module\.)+/, '')

/**
 * Of a state dict that holds a network twice, as `model.…` and as its exponential average `ema.…`, the average. Both have
 * the same names after their first part (and after `module.`); others are returned unchanged.
 */
export const averageAmong = (tensors: ReadonlyMap<string, PickleTensor>): Averaged => {
  const groups = new Map<string, Set<string>>()
  for (const name of tensors.keys()) {
    const segment = segmentOf(name)
    const tails = groups.get(segment) ?? new Set()
    tails.add(withoutModule(name.slice(segment.length)))
    groups.set(segment, tails)
  }
  const [average, second] = [...groups].filter(([segment]) => isAverage(segment.slice(0, -1)))
  if (average === undefined || second !== undefined) return { tensors, warnings: [] }
  const [chosen, names] = average
  names.delete('n_averaged')
  const copied = [...groups].filter(
    ([segment, tails]) =>
      segment !== chosen && tails.size === names.size && [...tails].every((tail) => names.has(tail)),
  )
  if (copied.length === 0) return { tensors, warnings: [] }
  const dropped = new Set(copied.map(([segment]) => segment))
  return {
    tensors: new Map([...tensors].filter(([name]) => !dropped.has(segmentOf(name)))),
    warnings: [
      preferring(
        chosen.slice(0, -1),
        [...dropped].map((segment) => segment.slice(0, -1)),
      ),
    ],
  }
}

/** Which of several networks was read, for a warning. */
export const preferring = (chosen: string, others: readonly string[]): string =>
  `of the networks ${[chosen, ...others].map(quoted).join(', ')} in it, the average ${quoted(chosen)} is read; key: '${others[0]}' reads another`
