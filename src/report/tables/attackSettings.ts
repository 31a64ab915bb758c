import type { RunPlan } from '../figures/runRecord.js'
import { drawValues } from './drawValues.js'

/** An attack's name, and its settings as text: `epsilon 0.3 · steps 40`. */
export interface AttackSettings {
  readonly name: string
  /** The settings without the stages of a sequence, unless its version is your own: otherwise they follow from it. */
  readonly brief: string
  readonly settings: string
  /** Undefined if the attack has no bound. */
  readonly epsilon: number | undefined
  readonly norm: string | undefined
}

/** The attacks of a run's `attackEval`; empty without one. */
export const attackSettings = ({ stages }: Pick<RunPlan, 'stages'>): readonly AttackSettings[] => {
  const attacks = stages.find(({ stage }) => stage === 'attackEval')?.config.attacks
  return (Array.isArray(attacks) ? attacks : []).flatMap((attack: unknown) => {
    if (!isRecord(attack) || typeof attack.name !== 'string') return []
    const { name, ...settings } = attack
    const { stages: _, ...brief } = settings
    const { epsilon, norm } = settings
    return [
      {
        name: String(name),
        brief: settingsOf(settings.version === 'own' ? settings : brief),
        settings: settingsOf(settings),
        epsilon: typeof epsilon === 'number' ? epsilon : undefined,
        norm: typeof norm === 'string' ? norm : undefined,
      },
    ]
  })
}

/** Options as text in one line. Of a path only the file name is shown, so that a report contains no folders. */
export const settingsOf = (config: Readonly<Record<string, unknown>>): string =>
  drawValues(withoutFolders(config), Number.POSITIVE_INFINITY)

/** A plan as pairs of a name and text: parameters, data, the stages with their options, and the seed. */
export const planPairs = ({ params, source, stages, seed }: RunPlan): readonly (readonly [string, string])[] => [
  ...(Object.keys(params).length === 0 ? [] : [['parameters', settingsOf(params)] as const]),
  ['data', settingsOf({ source: source.name, ...source.config })],
  ...stages.map(({ stage, config }) => [stage, settingsOf(config)] as const),
  ['seed', String(seed)],
]

const withoutFolders = (config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' && /^(\/|[A-Za-z]:\\)/.test(value) ? value.split(/[\\/]/).at(-1) : value,
    ]),
  )

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
