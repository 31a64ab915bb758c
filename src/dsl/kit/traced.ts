import { tracingChannel } from 'node:diagnostics_channel'

/** A piece of work of a training step, as it is told of where somebody listens. */
export interface Work {
  readonly name: string
}

/** Node's own channel for it: nobody listens, and nothing is told, unless a run is profiled. */
export const work = tracingChannel<string, Work>('pwoa:work')

/** Does the work, and lets a profile know when it began and ended. */
export const traced = <T>(name: string, act: () => T): T =>
  work.start.hasSubscribers ? work.traceSync(act, { name }) : act()
