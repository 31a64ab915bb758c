import { PwoaFailure } from '../errors.js'
import type { LossTerm, Step } from '../step.js'

/**
 * Adds fields to a step; there is no other way. Loss terms are merged with those of earlier stages.
 *
 * @throws OptionError of the adding stage for any other field that the step already has, and for a second term of the
 * same name
 */
export const enrich = <S extends Step, A extends object>(stage: string, step: S, adds: A): S & A => {
  for (const key in adds)
    if (key !== 'terms' && key in step) throw collision(stage, `no earlier stage that adds "${key}"`, `"${key}" twice`)
  const merged = { ...step, ...adds }
  return 'terms' in adds ? { ...merged, terms: mergeTerms(stage, termsOf(step), termsOf(adds)) } : merged
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
