import { type Either, either, left } from 'fp-ts/lib/Either.js'
import type { FileError } from '../dsl/errors.js'
import type { Architecture } from './architecture.js'
import type { Normalisation } from './layers.js'
import { normalisationOf, sameNormalisation, withNormalisation } from './normalisation.js'
import { underNames } from './underNames.js'
import { type NamedTensors, type Packed, packNetwork } from './weights.js'

/** A network out of a checkpoint. */
export interface ReadNetwork extends Packed {
  /** The one asked for, with the normalisation that the checkpoint brings. */
  readonly architecture: Architecture
}

/**
 * A network by the tensors of a checkpoint, under whatever names public code gives them: see `underNames`. Constants of
 * a normalisation among them become a part of the network.
 *
 * @returns left where tensors are missing, of another shape or unknown, or where the architecture has a normalisation
 * and the checkpoint another one
 */
export const readNetwork = (
  stage: string,
  file: string,
  architecture: Architecture,
  given: NamedTensors,
): Either<FileError, ReadNetwork> => {
  const { tensors, normalisation: found } = underNames(architecture, given)
  const own = normalisationOf(architecture)
  if (own && found && !sameNormalisation(own, found))
    return left({
      _tag: 'FileError',
      stage,
      file,
      expected: `a checkpoint of ${architecture.name} with the normalisation ${text(own)}`,
      actual: text(found),
    })
  const complete = found && !own ? withNormalisation(architecture, found) : architecture
  return either.map(packNetwork(stage, file, complete, tensors), (packed) => ({ architecture: complete, ...packed }))
}

const text = ({ mean, std }: Normalisation): string => `mean ${list(mean)}, std ${list(std)}`

/** As short as float32 allows: what a file holds is not what was written in a program. */
const list = (values: readonly number[]): string => values.map((value) => Number(value.toPrecision(7))).join(' ')
