import type { GraphBuilder } from './graphBuilder.js'

/**
 * A step of an optimizer as a graph. It is fed `weights`, `gradient`, its slots and its numbers, and returns the new
 * weights as `w` and the new slots.
 */
export interface OptimizerGraph<Attributes> {
  /** Names of each vector that the optimizer remembers: as it is fed, and as it is fetched. */
  readonly slots: readonly { readonly before: string; readonly after: string }[]
  /** The numbers of one step by name, always in the same order, computed here in float64. */
  readonly numbers: (attributes: Attributes) => Readonly<Record<string, number>>
  readonly make: () => GraphBuilder
}
