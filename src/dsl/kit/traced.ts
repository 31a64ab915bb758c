import { tracingChannel } from 'node:diagnostics_channel'

/** A piece of work of a training step, as the channel reports it. */
export interface Work {
  readonly name: string
}

/** Node's diagnostics channel for it. It has no subscribers, and reports nothing, unless a run is profiled. */
export const work = tracingChannel<string, Work>('pwoa:work')

/** Does the work, and lets a profile know when it began and ended. */
export const traced = <T>(name: string, act: () => T): T =>
  work.start.hasSubscribers ? work.traceSync(act, { name }) : act()
