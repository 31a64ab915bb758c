import { rejectOption } from '../dsl/errors.js'
import { drawnRadius } from '../dsl/kit/radius.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { choice, either, list } from '../dsl/options/kinds.js'
import { apgd } from './apgd/apgd.js'
import { apgdTargeted } from './apgd/apgdTargeted.js'
import { type Attack, type AttackSequence, attackOption } from './common/attack.js'
import { checkThreat, nameOption, type Threat, threatFields } from './common/threat.js'
import { fab } from './fab/fab.js'
import { fabTargeted } from './fab/fabTargeted.js'
import { square } from './square/square.js'

/** The versions of the official AutoAttack, for L∞ and L2. */
const versions = {
  standard: (threat: Threat) => [
    apgd(threat),
    apgdTargeted(threat),
    fabTargeted({ ...threat, search: 'within' }),
    square(threat),
  ],
  plus: (threat: Threat) => [
    apgd({ ...threat, restarts: 5 }),
    apgd({ ...threat, loss: 'dlr', restarts: 5 }),
    fab({ ...threat, restarts: 5, search: 'within' }),
    square(threat),
    apgdTargeted(threat),
    fabTargeted({ ...threat, search: 'within' }),
  ],
  rand: (threat: Threat) => [apgd({ ...threat, samples: 20 }), apgd({ ...threat, loss: 'dlr', samples: 20 })],
} as const satisfies Readonly<Record<string, (threat: Threat) => readonly Attack[]>>

const official = choice(['standard', 'plus', 'rand'])
const own = list(attackOption(), { least: 1 })

/** A value that is an object is read as a list: the error then names the wrong attack or asks for the brackets. */
const versionMeant = (value: unknown) => {
  if (typeof value === 'string') return official
  return typeof value === 'object' && value !== null ? own : undefined
}

/** The declared options of {@link autoAttack}. */
export const autoAttackOptions = declareOptions('autoAttack', {
  ...threatFields,
  /**
   * `standard`: APGD-CE, APGD-T, FAB-T and Square. `plus`: adds restarts, APGD-DLR and untargeted FAB. `rand`: for
   * networks with random outputs. Or your own list of attacks with this norm and radius. @default 'standard'
   */
  version: either('standard, plus, rand or a list of attacks', [official, own], versionMeant).default('standard'),
  /** Its name in figures. @default 'autoattack' */
  name: nameOption().default('autoattack'),
})

/** Options of {@link autoAttack}. */
export interface AutoAttackOptions extends OptionsOf<typeof autoAttackOptions> {}

/**
 * AutoAttack: several attacks without parameters to tune. Each runs from the original images on the examples that
 * survived the earlier attacks. An example is robust if it survives all of them. Papers quote this figure.
 *
 * @example
 * attackEval([autoAttack({ epsilon: 0.3 }), pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01 })], { examples: 1000 })
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), an unknown norm or version, or a list that is empty, has
 * two attacks of the same name or an attack with a different norm or radius
 * Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020, Sec. 5.
 */
export const autoAttack = (options: AutoAttackOptions): AttackSequence => {
  const { name, version, ...threat } = autoAttackOptions.read(options)
  checkThreat('autoAttack', threat)
  const stages = typeof version === 'string' ? versions[version](threat) : version
  checkStages(stages, threat)
  return {
    name,
    config: {
      ...threat,
      version: typeof version === 'string' ? version : 'own',
      stages: stages.map(({ name: stage, config }) => ({ name: stage, ...config })),
    },
    stages,
  }
}

/** @throws OptionError for two attacks of the same name, or an attack with a different norm or radius */
const checkStages = (stages: readonly Attack[], { epsilon, norm }: Threat): void => {
  const names = stages.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) rejectOption('autoAttack', 'attacks with different names', `"${twice}" twice`)
  const other = stages.find((stage) => stage.norm !== norm || stage.epsilon !== epsilon)
  if (other)
    rejectOption(
      'autoAttack',
      `attacks in ${norm} with epsilon ${drawnRadius(epsilon)}`,
      `${other.name} in ${other.norm} with epsilon ${drawnRadius(other.epsilon)}`,
    )
}
