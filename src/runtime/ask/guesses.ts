import { rejectOption, valueOfTask } from '../../dsl/errors.js'
import { choice, either, list, text } from '../../dsl/options/kinds.js'
import type { Option } from '../../dsl/options/option.js'
import { readWhole } from '../../io/files/readWhole.js'
import { logSoftmax } from '../../math/logSoftmax.js'

/** What a network takes an image for. */
export interface Guess {
  /** The name of the class: its number if the names are not known. */
  readonly label: string
  /** The class, from 0. */
  readonly class: number
  /** softmax of the logits at this class, in [0, 1]. It says how sure the network is, not how often it is right. */
  readonly probability: number
}

/** Names of the classes of public data sets, in the order of their labels. */
const known = {
  cifar10: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
} as const satisfies Readonly<Record<string, readonly string[]>>

type Known = keyof typeof known

const names: readonly Known[] = ['cifar10']

/** An option: the names of classes, or the data set whose names they are. */
export const labelsOption = (): Option<readonly string[] | Known> => {
  const named = choice(names)
  const own = list(text(), { least: 2 })
  return either<typeof named | typeof own>(`among ${names.join(', ')}, or a list of names`, [named, own], (value) =>
    typeof value === 'string' ? named : own,
  )
}

/**
 * The name of each class.
 *
 * @throws OptionError for another number of names than of classes
 */
export const labelsFor = (
  stage: string,
  labels: readonly string[] | Known | undefined,
  classes: number,
): readonly string[] => {
  if (labels === undefined) return Array.from({ length: classes }, (_, label) => String(label))
  const given = typeof labels === 'string' ? known[labels] : labels
  if (given.length !== classes) rejectOption(stage, `${classes} labels, one for each class`, given.length)
  return given
}

/** All classes with their probabilities, the most probable first. @param logits of one image */
export const guessesOf = (logits: Float32Array, labels: readonly string[]): readonly Guess[] =>
  Array.from(logSoftmax(logits, logits.length, 1), (log, index) => ({
    label: labels[index] ?? String(index),
    class: index,
    probability: Math.exp(log),
  })).toSorted((a, b) => b.probability - a.probability)

/** The most bytes of a file of names. */
const MOST_BYTES = 2 ** 24

/**
 * Reads names of classes as a command line states them: `cifar10`, names with commas, or the path of a text file with a name
 * in each line.
 *
 * @throws FileError for a file that can't be read
 */
export const labelsOf = async (stage: string, stated: string): Promise<readonly string[] | Known> => {
  const name = names.find((one) => one === stated)
  if (name !== undefined) return name
  if (!stated.endsWith('.txt')) return stated.split(',').map((one) => one.trim())
  const bytes = await valueOfTask(readWhole({ stage, file: stated }, MOST_BYTES))
  return Buffer.from(bytes)
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
}
