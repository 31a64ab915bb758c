import type { QueuedSweep } from '../queuedSweep.js'

/**
 * The order in which a worker asks sweeps for a point: by priority, and among equals the sweep that it has served longest
 * ago first. So sweeps of one priority get equal shares of the workers, however many points they have.
 *
 * @param served when this worker last took a point of a sweep, by id; undefined for never
 */
export const sweepsInTurn = (
  sweeps: readonly QueuedSweep[],
  served: (id: string) => number | undefined,
): readonly QueuedSweep[] => {
  const servedAt = ({ id }: QueuedSweep): number => served(id) ?? Number.NEGATIVE_INFINITY
  return sweeps.toSorted(
    (a, b) => b.priority - a.priority || compare(servedAt(a), servedAt(b)) || a.created - b.created,
  )
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0)
