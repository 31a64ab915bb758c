import { type Either, isLeft, right } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../dsl/errors.js'
import { encodeOnnx } from '../io/onnx/encodeOnnx.js'
import { encodeSafetensors } from '../io/safetensors.js'
import type { Architecture } from '../models/architecture.js'
import { describe } from '../models/description.js'
import { describeMask } from '../models/masks.js'
import { unpackNormalisation } from '../models/normalisation.js'
import { parametersOf } from '../models/parameters.js'
import type { MaskedNetwork } from '../models/selfDescribed.js'
import { unpackStatistics, unpackWeights } from '../models/weights.js'

/** Encodes a network for a file of this name. */
type Encode = (file: string, network: MaskedNetwork) => Either<PwoaError, Uint8Array>

/** A format by the ending of the file's name. */
const formats: Readonly<Record<string, Encode>> = {
  '.safetensors': (file, { architecture, weights, statistics, mask }) =>
    encodeSafetensors(
      new Map([
        ...unpackNormalisation(architecture),
        ...unpackWeights(architecture, weights),
        ...unpackStatistics(architecture, statistics),
      ]),
      {
        ...labels(architecture),
        description: describe(architecture),
        ...(mask ? { masks: describeMask(architecture, mask) } : {}),
      },
      file,
    ),
  '.onnx': (file, { architecture, weights, statistics }) => encodeOnnx(architecture, weights, statistics, file),
}

/** Endings of the files that a network can be written to. */
export const modelEndings = Object.keys(formats)

/** The ending that a file's name has, if it is one of a format. */
export const modelEnding = (file: string): string | undefined => modelEndings.find((ending) => file.endsWith(ending))

/**
 * A network's files by name: the one in the format of its ending, and, where it was pruned, its masks as safetensors.
 *
 * @param file ends in one of `modelEndings`
 */
export const modelFiles = (
  file: string,
  network: MaskedNetwork,
): Either<PwoaError, ReadonlyMap<string, Uint8Array>> => {
  const { architecture, mask } = network
  const ending = modelEnding(file) ?? ''
  const encode = formats[ending]
  if (!encode) throw new Error(`no format for "${file}"`)
  const whole = encode(file, network)
  if (isLeft(whole)) return whole
  if (!mask) return right(new Map([[file, whole.right]]))
  const masksFile = `${file.slice(0, -ending.length)}.masks.safetensors`
  const masks = encodeSafetensors(masksOf(architecture, mask), labels(architecture), masksFile)
  return isLeft(masks)
    ? masks
    : right(
        new Map([
          [file, whole.right],
          [masksFile, masks.right],
        ]),
      )
}

const labels = ({ name }: Architecture) => ({ format: 'pt', architecture: name })

const masksOf = (architecture: Architecture, mask: Float32Array) => {
  const isWeight = new Set(parametersOf(architecture).flatMap(({ name, role }) => (role === 'weight' ? [name] : [])))
  return new Map(
    [...unpackWeights(architecture, mask)]
      .filter(([name]) => isWeight.has(name))
      .map(([name, { shape, data }]) => [name, { shape, data: Uint8Array.from(data) }]),
  )
}
