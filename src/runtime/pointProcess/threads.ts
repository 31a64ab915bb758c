import { availableParallelism } from 'node:os'

/**
 * The environment variables that limit the native engine of a worker to its share of the cores; none for one worker. A
 * minibatch is still cut into as many parts as there are cores, so that results don't depend on the number of workers.
 *
 * @param workers processes that run at the same time
 * @param cores of this machine
 */
export const threadEnvironment = (
  workers: number,
  cores = availableParallelism(),
): Readonly<Record<string, string>> => {
  if (workers === 1) return {}
  const threads = String(Math.max(1, Math.floor(cores / workers)))
  return { TF_NUM_INTRAOP_THREADS: threads, TF_NUM_INTEROP_THREADS: threads }
}
