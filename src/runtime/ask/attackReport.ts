import type { Attack, AttackSequence } from '../../attacks/common/attack.js'
import { evaluatedAttackOption } from '../../attacks/common/attack.js'
import type { Outcome } from '../../attacks/evaluation/evaluation.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { made, whole } from '../../dsl/options/kinds.js'

/** What `attack` of a network takes. */
export const askedAttackOptions = declareOptions('attack', {
  /** Images attacked at once, ≥ 1. Memory grows with it; results do not depend on it. @default 250 */
  batchSize: whole(1).default(250),
  /** The seed of all random numbers, an unsigned 32-bit integer. @default 0 */
  seed: whole(0, { most: 2 ** 32 - 1 }).default(0),
  /** Ends the attack early when it aborts. @default none */
  signal: made<AbortSignal>(
    'an AbortSignal',
    (value) => value instanceof AbortSignal,
    () => undefined,
  ).optional('none'),
})

/** Options of `attack` of a network. */
export interface AskedAttackOptions extends OptionsOf<typeof askedAttackOptions> {}

/** How a network did under an attack. */
export interface AttackReport {
  readonly examples: number
  /** Share of the examples that are classified correctly without an attack. */
  readonly clean: number
  /** Share of the examples that are classified correctly without an attack and after it. */
  readonly robust: number
  /** What became of each example, in order; `index` is its place among the images. */
  readonly outcomes: readonly Outcome[]
  /** n × height × width × channels: the adversarial image of an example that the attack broke, any other unchanged. */
  readonly adversarial: Float32Array
  /** What makes the figures misleading, a sentence each. */
  readonly warnings: readonly string[]
}

/** The report of outcomes. */
export const reportOf = (
  outcomes: readonly Outcome[],
  adversarial: Float32Array,
  warnings: readonly string[],
): AttackReport => {
  const share = (test: (outcome: Outcome) => boolean): number => outcomes.filter(test).length / outcomes.length
  return {
    examples: outcomes.length,
    clean: share(({ brokenBy }) => brokenBy !== 'clean'),
    robust: share(({ brokenBy }) => brokenBy === null),
    outcomes,
    adversarial,
    warnings,
  }
}

/** The attack that a network is to be evaluated under. */
export type AnyAttack = Attack | AttackSequence

/** An argument: the attack. */
export const attackArgument = evaluatedAttackOption()

/** A signal that never aborts. */
export const never = (): AbortSignal => new AbortController().signal
