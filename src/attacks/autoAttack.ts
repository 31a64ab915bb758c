import { checkOptions } from '../dsl/checkOptions.js'
import { checkAmong } from '../dsl/checks.js'
import { rejectOption } from '../dsl/errors.js'
import { apgd } from './apgd/apgd.js'
import { apgdTargeted } from './apgd/apgdTargeted.js'
import type { Attack, AttackSequence } from './common/attack.js'
import { checkThreat } from './common/checkThreat.js'
import type { NormName } from './common/norms.js'
import { fab } from './fab/fab.js'
import { fabTargeted } from './fab/fabTargeted.js'
import { square } from './square/square.js'

interface Threat {
  readonly epsilon: number
  readonly norm: NormName
}

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

/** Options of {@link autoAttack}. */
export interface AutoAttackOptions {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  readonly epsilon: number
  /** How a perturbation is measured. @default 'Linf' */
  readonly norm?: NormName
  /**
   * `standard`: APGD-CE, APGD-T, FAB-T, Square. `plus`: with restarts, APGD-DLR and untargeted FAB too. `rand`: for
   * randomised networks. Or a list of attacks of this norm and radius. @default 'standard'
   */
  readonly version?: keyof typeof versions | readonly Attack[]
  /** How figures name it. @default 'autoattack' */
  readonly name?: string
}

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
  const {
    epsilon,
    norm = 'Linf',
    version = 'standard',
    name = 'autoattack',
  } = checkOptions('autoAttack', options, { epsilon: true, norm: true, version: true, name: true })
  checkThreat('autoAttack', norm, epsilon)
  const stages = isList(version) ? version : official(version, { epsilon, norm })
  checkOwn(stages, { epsilon, norm })
  return {
    name,
    config: {
      epsilon,
      norm,
      version: isList(version) ? 'own' : version,
      stages: stages.map(({ name: stage, config }) => ({ name: stage, ...config })),
    },
    stages,
  }
}

const isList = (version: keyof typeof versions | readonly Attack[]): version is readonly Attack[] =>
  Array.isArray(version)

const official = (version: keyof typeof versions, threat: Threat): readonly Attack[] => {
  checkAmong('autoAttack', 'a version', versions, version)
  return versions[version](threat)
}

const checkOwn = (stages: readonly Attack[], { epsilon, norm }: Threat): void => {
  if (stages.length === 0) rejectOption('autoAttack', 'at least one attack', 'none')
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
