import { type Either, either, left } from 'fp-ts/lib/Either.js'
import type { FileError } from '../../dsl/errors.js'
import type { Architecture } from '../architecture/architecture.js'
import { LEAST_LENGTH } from '../layers/normalisations.js'
import { wrongUnits } from '../layers/normalisationUnits.js'
import { normalisationOf, normalisationText, sameNormalisation, withNormalisation } from './normalisation.js'
import { underNames } from './underNames.js'
import { type NamedTensors, type Packed, packNetwork } from './weights.js'

/** A network read from a checkpoint. */
export interface ReadNetwork extends Packed {
  /** The requested architecture, with the checkpoint's normalisation if it has one. */
  readonly architecture: Architecture
}

/**
 * Reads a network from the tensors of a checkpoint, with the names that public code gives them: see `underNames`. A
 * normalisation's constants among them become part of the network.
 *
 * @returns left if tensors are missing, of another shape or unknown, or if the architecture and the checkpoint have
 * different normalisations, or for a normalisation of images that are not in [0, 1]
 */
export const readNetwork = (
  stage: string,
  file: string,
  architecture: Architecture,
  given: NamedTensors,
): Either<FileError, ReadNetwork> => {
  const { tensors: seen, normalisation: found } = underNames(architecture, given)
  const tensors = withUnitRows(architecture, seen)
  const own = normalisationOf(architecture)
  const wrong = found && wrongUnits(found)
  if (wrong !== undefined)
    return left({
      _tag: 'FileError',
      stage,
      file,
      expected: 'a normalisation of images in [0, 1]',
      actual: wrong,
      hint: 'Images are in [0, 1] here. Save the mean and the std of its images in these units.',
    })
  if (own && found && !sameNormalisation(own, found))
    return left({
      _tag: 'FileError',
      stage,
      file,
      expected: `a checkpoint of ${architecture.name} with the normalisation ${normalisationText(own)}`,
      actual: normalisationText(found),
    })
  const complete = found && !own ? withNormalisation(architecture, found) : architecture
  return either.map(packNetwork(stage, file, complete, tensors), (packed) => ({ architecture: complete, ...packed }))
}

/** The tensors with rows of length 1 where the network has them. */
const withUnitRows = ({ unitRows }: Architecture, tensors: NamedTensors): NamedTensors =>
  new Map(
    [...tensors].map(([name, tensor]) => {
      const [rows = 0] = tensor.shape
      if (!unitRows.includes(name) || rows === 0) return [name, tensor]
      const { shape, data } = tensor
      const size = data.length / rows
      const lengths = Array.from({ length: rows }, (_, row) => {
        const own = data.subarray(row * size, (row + 1) * size)
        return Math.max(Math.sqrt(own.reduce((sum, value) => sum + value ** 2, 0)), LEAST_LENGTH)
      })
      return [name, { shape, data: data.map((value, i) => value / (lengths[Math.floor(i / size)] ?? 1)) }]
    }),
  )
