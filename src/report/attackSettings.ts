import { drawValues } from './drawValues.js'
import type { RunPlan } from './runRecord.js'

/** An attack's settings in words: `epsilon 0.3 · steps 40`. */
export interface AttackSettings {
  readonly name: string
  /** Of a sequence, what its version already says left out: its stages. */
  readonly brief: string
  readonly settings: string
  /** Undefined of an attack without a bound. */
  readonly epsilon: number | undefined
  readonly norm: string | undefined
}

/** The attacks of a run's evaluation. */
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
        brief: settingsOf(brief),
        settings: settingsOf(settings),
        epsilon: typeof epsilon === 'number' ? epsilon : undefined,
        norm: typeof norm === 'string' ? norm : undefined,
      },
    ]
  })
}

/** Options in words, one line; a path by its last part, so that a report names no machine's folders. */
export const settingsOf = (config: Readonly<Record<string, unknown>>): string =>
  drawValues(withoutFolders(config), Number.POSITIVE_INFINITY)

const withoutFolders = (config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' && /^(\/|[A-Za-z]:\\)/.test(value) ? value.split(/[\\/]/).at(-1) : value,
    ]),
  )

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
