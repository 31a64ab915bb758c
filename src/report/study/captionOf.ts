import { drawnRadius } from '../../dsl/kit/radius.js'
import { formatCount } from '../tables/format.js'
import { gradientNotes } from '../tables/gradientNotes.js'
import type { StudyRow } from './study.js'
import type { StudyFacts } from './studyFacts.js'

/** The text that accompanies the figures of a study wherever they are shown. */
export interface Caption {
  /** Data, test images, radius and training: short enough for a plot. */
  readonly measured: string
  /** The meaning of ±, attacks without a gradient, the engine and the version. */
  readonly spread: string
  /** All of it, with the attacks' settings, in one or two sentences for a table. */
  readonly whole: string
}

/**
 * Describes what the figures of a study were measured on.
 *
 * @param rows empty if each row is a single run
 */
export const captionOf = (facts: StudyFacts, rows: readonly Pick<StudyRow, 'seeds'>[]): Caption => {
  const { data, testImages, attacks, epochs, engines, pwoa } = facts
  const images = testImages.length === 0 ? 'no evaluation' : `${range(testImages, formatCount)} test images`
  const trained =
    epochs.length === 0
      ? 'no training'
      : `${range(epochs, epochsIn)} ${epochs.every((count) => count === 1) ? 'epoch' : 'epochs'} of training`
  const on = data.map(dataIn).join('; ')
  const by = `engine ${engines.join(' and ')}, pwoa ${pwoa}`
  const radius = radiusOf(facts)
  const seeds = [...seedsIn(rows), ...gradientNotes(facts.withoutGradient)]
  const settings = attacks.map(({ name, brief }) => `${name} (${brief})`).join(', ')
  return {
    measured: [on, images, ...(radius === '' ? [] : [radius]), trained].join(', '),
    spread: [...seeds, by].join('; '),
    whole: [
      `On ${[[on, images, trained].join(', '), ...seeds, by].join('; ')}.`,
      ...(settings === '' ? [] : [`Attacks: ${settings}.`]),
    ].join(' '),
  }
}

const dataIn = ({ name, origin }: StudyFacts['data'][number]): string => {
  const altered = { synthetic: ' (generated, not the published data)', recompressed: ' (recompressed)' }[origin]
  return `${name}${altered ?? ''}`
}

const radiusOf = ({ epsilons, norms }: StudyFacts): string => {
  if (epsilons.length === 0) return ''
  const norm = norms.length === 0 ? '' : ` (${norms.map((name) => name.replace('Linf', 'L∞')).join(', ')})`
  return `ε = ${epsilons.map((epsilon) => drawnRadius(epsilon, fourDigits)).join(', ')}${norm}`
}

const fourDigits = (value: number): string => String(Number(value.toPrecision(4)))

const seedsIn = (rows: readonly Pick<StudyRow, 'seeds'>[]): readonly string[] => {
  if (rows.length === 0) return []
  const several = rows.map(({ seeds }) => seeds).filter((seeds) => seeds > 1)
  return several.length === 0
    ? ['one seed, so no spread']
    : [`± is one standard deviation over ${range(several, String)} seeds (not the standard error)`]
}

const epochsIn = (epochs: number): string => String(Number(epochs.toFixed(2)))

const range = (values: readonly number[], format: (value: number) => string): string => {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least === most ? format(least) : `${format(least)} to ${format(most)}`
}
