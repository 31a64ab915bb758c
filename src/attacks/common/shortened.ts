import type { Dataset } from '../../dsl/dataset.js'
import type { Attack, AttackSequence } from './attack.js'

/** Steps of a shortened attack, at most. */
export const SHORT_STEPS = 2

/** The attack for this data: in a trial that is not measured, as short as it can be made. */
export const attackFor = ({ trial }: Pick<Dataset, 'trial'>, attack: Attack): Attack =>
  trial && !trial.meter ? (attack.shortened?.() ?? attack) : attack

/** The same for a sequence of attacks, each stage of which is shortened. */
export const evaluatedFor = (data: Pick<Dataset, 'trial'>, attack: Attack | AttackSequence): Attack | AttackSequence =>
  'stages' in attack
    ? { ...attack, stages: attack.stages.map((stage) => attackFor(data, stage)) }
    : attackFor(data, attack)
