import { rejectOption } from '../dsl/errors.js'
import { stagesOf } from './advice.js'
import type { Attack, AttackSequence } from './attack.js'

/** Refuses attacks whose figures could not be told apart. @throws OptionError */
export const checkNames = (stage: string, attacks: readonly (Attack | AttackSequence)[]): void => {
  const names = attacks.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) rejectOption(stage, 'attacks of different names', `"${twice}" twice`)
  if (attacks.flatMap((attack) => [attack, ...stagesOf(attack)]).some(({ name }) => name === 'clean'))
    rejectOption(stage, "an attack's name", '"clean", which says that none was needed')
}
