import { rejectOption } from '../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { choice, either, list } from '../dsl/options/kinds.js'
import { apgd } from './apgd/apgd.js'
import { apgdTargeted } from './apgd/apgdTargeted.js'
import { type Attack, type AttackSequence, attackOption } from './common/attack.js'
import { checkThreat, nameOption, type Threat, threatFields } from './common/threat.js'
import { fab } from './fab/fab.js'
import { fabTargeted } from './fab/fabTargeted.js'
import { square } from './square/square.js'

/** The official versions, for L∞ and L2. */
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

/** An object was meant as a list: its error then names the attack that is wrong, or asks for the brackets. */
const versionMeant = (value: unknown) => {
  if (typeof value === 'string') return official
  return typeof value === 'object' && value !== null ? own : undefined
}

/** What {@link autoAttack} takes. */
export const autoAttackOptions = declareOptions('autoAttack', {
  ...threatFields,
  /**
   * `standard`: APGD-CE, APGD-T, FAB-T, Square. `plus`: with restarts, APGD-DLR and untargeted FAB too. `rand`: for
   * randomised networks. Or a list of attacks of this norm and radius. @default 'standard'
   */
  version: either('standard, plus, rand or a list of attacks', [official, own], versionMeant).default('standard'),
  /** Its name in figures. @default 'autoattack' */
  name: nameOption().default('autoattack'),
})

/** Options of {@link autoAttack}. */
export interface AutoAttackOptions extends OptionsOf<typeof autoAttackOptions> {}

/**
 * AutoAttack: several attacks without parameters to tune, each on the examples that the earlier ones left and from the
 * original images; an example is robust if it withstands all of them. The figure that papers quote.
 *
 * @example
 * attackEval([autoAttack({ epsilon: 0.3 }), pgd({ epsilon: 0.3, steps: 40, stepSize: 0.01 })], { examples: 1000 })
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), an unknown norm or version, a list without attacks,
 * with two of one name or of another norm or radius
 * Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020, Sec. 5.
 */
export const autoAttack = (options: AutoAttackOptions): AttackSequence => {
  const { name, version, ...threat } = autoAttackOptions.read(options)
  checkThreat('autoAttack', threat)
  const stages = typeof version === 'string' ? versions[version](threat) : version
  checkOwn(stages, threat)
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

const checkOwn = (stages: readonly Attack[], { epsilon, norm }: Threat): void => {
  const names = stages.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) rejectOption('autoAttack', 'attacks of different names', `"${twice}" twice`)
  const other = stages.find((stage) => stage.norm !== norm || stage.epsilon !== epsilon)
  if (other)
    rejectOption(
      'autoAttack',
      `attacks of ${norm} with ε = ${epsilon}`,
      `${other.name}: ${other.norm}, ${other.epsilon}`,
    )
}
