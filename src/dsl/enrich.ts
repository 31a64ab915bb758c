import { PwoaFailure } from './errors.js'
import type { LossTerm, Step } from './step.js'

/**
 * The only way to add fields to a step. Loss terms merge with those of earlier stages; any other field that is
 * there already, and a second term of the same name, is an `OptionError` of the adding stage.
 */
export const enrich = <S extends Step, A extends object>(stage: string, step: S, adds: A): S & A => {
  const merged: Record<string, unknown> = Object.fromEntries(Object.entries(step))
  for (const [key, value] of Object.entries(adds)) {
    if (key === 'terms') merged[key] = mergeTerms(stage, termsOf(step), value)
    else if (key in step) throw collision(stage, `no earlier stage that adds "${key}"`, `"${key}" twice`)
    else merged[key] = value
  }
  return merged as S & A
}

const termsOf = (step: object): readonly LossTerm[] => ('terms' in step ? (step.terms as readonly LossTerm[]) : [])

const mergeTerms = (stage: string, earlier: readonly LossTerm[], added: readonly LossTerm[]): readonly LossTerm[] => {
  const taken = new Set(earlier.map((term) => term.name))
  const twice = added.find((term) => taken.has(term.name))
  if (twice) throw collision(stage, 'each loss term once', `"${twice.name}" twice`)
  return [...earlier, ...added]
}

const collision = (stage: string, expected: string, actual: string): PwoaFailure =>
  new PwoaFailure({ _tag: 'OptionError', stage, expected, actual })
