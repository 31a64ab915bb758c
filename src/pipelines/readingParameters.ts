import * as t from 'io-ts'
import { isRecord } from '../dsl/kit/given.js'
import { readQuotient } from '../dsl/kit/radius.js'
import { type Parameter, param } from '../dsl/parameters.js'
import { type NamedNormalisation, normalisationNames } from '../models/architecture/imageNormalisations.js'
import type { Normalisation } from '../models/layers/layer.js'

/** How a normalisation is given, by name or by numbers. */
const EXPECTED = `${normalisationNames.join(', ')}, or the mean of each channel and then the std of each, separated by commas`

const isNormalisation = (value: unknown): value is NamedNormalisation =>
  normalisationNames.some((name) => name === value) ||
  (isRecord(value) && [value.mean, value.std].every((list) => Array.isArray(list) && list.every(Number.isFinite)))

/** `0.5,0.25` as a mean and a std; undefined unless it has one of each for every channel. */
const numbersIn = (text: string): Normalisation | undefined => {
  const numbers = text.split(',').map((part) => readQuotient(part.trim()) ?? Number.NaN)
  const channels = numbers.length / 2
  if (!Number.isInteger(channels) || !numbers.every(Number.isFinite)) return undefined
  return { mean: numbers.slice(0, channels), std: numbers.slice(channels) }
}

/** A normalisation of images; `--set` takes its name, or its numbers: `0.1307,0.3081`, `125/255,…`. */
const normalisation: Parameter<NamedNormalisation> = Object.assign(
  new t.Type<NamedNormalisation, unknown, unknown>(
    EXPECTED,
    isNormalisation,
    (input, context) => {
      const value = typeof input === 'string' ? (numbersIn(input) ?? input.trim()) : input
      return isNormalisation(value) ? t.success(value) : t.failure(input, context)
    },
    t.identity,
  ),
  {
    details: {
      help: 'How the training code normalised images outside of the network: a name, or means and stds.',
      expected: EXPECTED,
      choices: normalisationNames,
    },
  },
)

/**
 * Parameters of a pipeline that reads a checkpoint: where in the file the network is, and the normalisation of its images.
 * Their values are options of `loadTeacher`.
 *
 * @example
 * definePipeline(parameters({ checkpoint: param.text({ help: 'The network.' }), ...readingParameters }), (p) =>
 *   pipeline('prune', mnist()).pipe(loadTeacher(p.checkpoint, { key: p.key, normalisation: p.normalisation })),
 * )
 */
export const readingParameters = {
  key: param.optional(
    param.text({ help: 'Where in the checkpoint the network is, such as teacher.' }),
    'the only network, or the average of several',
  ),
  normalisation: param.optional(normalisation, "the file's or the architecture's own, or none"),
}
