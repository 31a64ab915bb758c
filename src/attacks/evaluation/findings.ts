import type { AttackDetails } from '../../dsl/figures.js'
import type { Attack } from '../common/attack.js'
import type { EvaluationResult, Outcome, StageResult } from './evaluation.js'
import type { Shown } from './records.js'

/** What an attack, or the stages of a sequence, did to each example that is classified correctly without an attack. */
export interface Findings {
  readonly broken: Map<number, { readonly by: Attack; readonly distance: number }>
  readonly stages: StageResult[]
  readonly shown: Map<number, Shown>
  /** The name of a stage in outcomes. */
  readonly nameOf: (stage: Attack) => string
}

/** How the figure of an attack came about. */
export const detailsOf = ({ broken, stages }: Findings): AttackDetails => {
  const distances = [...broken.values()].map(({ distance }) => distance)
  const blind = stages.filter(({ withoutGradient }) => withoutGradient > 0)
  return {
    stages: Object.fromEntries(stages.map(({ stage, robust }) => [stage, robust])),
    seconds: stages.reduce((total, { seconds }) => total + seconds, 0),
    ...(distances.length === 0
      ? {}
      : { meanDistance: distances.reduce((total, distance) => total + distance, 0) / distances.length }),
    ...(blind.length === 0
      ? {}
      : {
          withoutGradient: Object.fromEntries(
            blind.map(({ stage, withoutGradient, attacked }) => [stage, withoutGradient / attacked]),
          ),
        }),
  }
}

/** An outcome, and the findings of the attack that it comes from, if any. */
interface TracedOutcome {
  readonly outcome: Outcome
  readonly findings: Findings | undefined
}

/** Which attack broke each example first. @param correct examples that are classified correctly without an attack */
export const traceOutcomes = (
  indices: Uint32Array,
  labels: ReadonlyMap<number, number>,
  correct: ReadonlySet<number>,
  allFindings: readonly Findings[],
): readonly TracedOutcome[] =>
  Array.from(indices, (index) => {
    const example = { index, label: labels.get(index) ?? 0 }
    if (!correct.has(index)) return { outcome: { ...example, brokenBy: 'clean', distance: 0 }, findings: undefined }
    const findings = allFindings.find(({ broken }) => broken.has(index))
    const first = findings?.broken.get(index)
    const brokenBy = findings && first ? findings.nameOf(first.by) : null
    return { outcome: { ...example, brokenBy, distance: first?.distance ?? null }, findings }
  })

/** The example with its adversarial image, if that was kept. */
export const shownOf = ({ outcome, findings }: TracedOutcome): EvaluationResult['shown'] => {
  const image = findings?.shown.get(outcome.index)
  const threat = findings?.broken.get(outcome.index)?.by
  if (!image || !threat) return []
  const { norm, epsilon } = threat
  return [{ ...outcome, norm, epsilon, guess: image.guess, adversarial: floatsOf(image.image) }]
}

const floatsOf = (base64: string): Float32Array => {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer)
}
