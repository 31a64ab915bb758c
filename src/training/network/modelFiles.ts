import { basename } from 'node:path'
import { type Either, either, isLeft, right } from 'fp-ts/lib/Either.js'
import type { Dataset } from '../../dsl/dataset.js'
import type { PwoaError } from '../../dsl/errors.js'
import type { DeviceFigures } from '../../dsl/figures.js'
import type { CFiles } from '../../io/checkpoints/c/cFile.js'
import { encodeInt8 } from '../../io/checkpoints/onnx/encodeInt8.js'
import { encodeOnnx } from '../../io/checkpoints/onnx/encodeOnnx.js'
import { encodeSafetensors, type SavedTensor } from '../../io/checkpoints/safetensors.js'
import { describeSparse, encodeSparse } from '../../io/checkpoints/sparse.js'
import { encodeTfjs } from '../../io/checkpoints/tfjs/encodeTfjs.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { describeArchitecture } from '../../models/architecture/description.js'
import { folded } from '../../models/forward/folded.js'
import { describeMask } from '../../models/parameters/masks.js'
import { unpackNormalisation } from '../../models/parameters/normalisation.js'
import { parametersOf } from '../../models/parameters/parameters.js'
import type { MaskedNetwork } from '../../models/parameters/selfDescribed.js'
import { type NamedTensor, unpackStatistics, unpackWeights } from '../../models/parameters/weights.js'
import { shrinkNetwork } from '../../models/shrink/shrinkNetwork.js'
import { calibrate } from './calibrate.js'
import { cFiles, integerCFiles } from './cFiles.js'

/** A network's files, and what is known of them. */
export interface ModelFiles {
  /** Their contents by name, in the order of writing: those that others name first. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Of C code: what it takes on a device. */
  readonly device?: DeviceFigures
}

interface Format {
  /** Encodes a network for a file of this name. @param data of the run */
  readonly encode: (file: string, network: MaskedNetwork, data: Dataset) => Either<PwoaError, ModelFiles>
  /** Where masks are stored for programs that do not read them from the metadata: in a second file, or nowhere. */
  readonly masks: 'beside' | 'none'
}

/** A format by the ending of the file's name: the first that fits. */
const formats: Readonly<Record<string, Format>> = {
  '.sparse.safetensors': {
    encode: (file, network) => alone(file, encodeSafetensors(...sparseTensors(network), file)),
    masks: 'none',
  },
  '.safetensors': {
    encode: (file, network) => {
      const { architecture, mask } = network
      const masks = mask ? { masks: describeMask(architecture, mask) } : {}
      return alone(file, encodeSafetensors(denseTensors(network), { ...described(architecture), ...masks }, file))
    },
    masks: 'beside',
  },
  '.int8.onnx': {
    encode: (file, network, data) => {
      const { architecture, weights, ranges } = calibrate(network, data)
      return alone(file, encodeInt8(architecture, weights, ranges, file))
    },
    masks: 'none',
  },
  '.int8.c': {
    encode: (file, network, data) =>
      withHeader(file, integerCFiles(file, calibrate(shrinkNetwork(network), data), data)),
    masks: 'none',
  },
  '.c': {
    encode: (file, network, data) => withHeader(file, cFiles(file, folded(shrinkNetwork(network)), data)),
    masks: 'none',
  },
  '.onnx': {
    encode: (file, { architecture, weights, statistics }) =>
      alone(file, encodeOnnx(architecture, weights, statistics, file)),
    masks: 'beside',
  },
  'model.json': {
    encode: (file, network) => {
      const weightsFile = `${file.slice(0, -'.json'.length)}.weights.bin`
      const { json, weights } = encodeTfjs(folded(network), basename(weightsFile))
      return right({
        files: new Map([
          [weightsFile, weights],
          [file, Buffer.from(json, 'utf8')],
        ]),
      })
    },
    masks: 'none',
  },
}

const alone = (file: string, encoded: Either<PwoaError, Uint8Array>): Either<PwoaError, ModelFiles> =>
  either.map(encoded, (bytes) => ({ files: new Map([[file, bytes]]) }))

/** A C file after its header. */
const withHeader = (file: string, encoded: Either<PwoaError, CFiles>): Either<PwoaError, ModelFiles> =>
  either.map(encoded, ({ source, header, figures }) => ({
    files: new Map([
      [file.replace(/\.c$/, '.h'), Buffer.from(header, 'utf8')],
      [file, Buffer.from(source, 'utf8')],
    ]),
    device: figures,
  }))

const described = (architecture: Architecture) => ({
  ...labels(architecture),
  description: describeArchitecture(architecture),
})

const denseTensors = ({ architecture, weights, statistics }: MaskedNetwork): ReadonlyMap<string, NamedTensor> =>
  new Map([
    ...unpackNormalisation(architecture),
    ...unpackWeights(architecture, weights),
    ...unpackStatistics(architecture, statistics),
  ])

/** The same with the weights that have zeros in the sparse form, whose bits are the mask. */
const sparseTensors = (
  network: MaskedNetwork,
): readonly [tensors: ReadonlyMap<string, SavedTensor>, metadata: Readonly<Record<string, string>>] => {
  const { architecture, mask } = network
  const kept = mask ? unpackWeights(architecture, mask) : undefined
  const tensors = new Map<string, SavedTensor>(denseTensors(network))
  const shapes = new Map<string, readonly number[]>()
  for (const [name, { shape, data }] of unpackWeights(architecture, network.weights)) {
    if (!data.includes(0)) continue
    const packed = encodeSparse(data, kept?.get(name)?.data)
    tensors.set(name, { shape: [packed.length], data: packed })
    shapes.set(name, shape)
  }
  return [tensors, { ...described(architecture), sparse: describeSparse(shapes, kept ? 'kept' : 'nonZero') }]
}

/** Endings of the files that a network can be written to. */
export const modelEndings = Object.keys(formats)

/** The ending that a file's name has, if it is one of a format. */
export const modelEnding = (file: string): string | undefined => modelEndings.find((ending) => file.endsWith(ending))

/**
 * A network's files: those in the format of its ending and, if it was pruned, its masks as safetensors.
 *
 * @param file ends in one of `modelEndings`
 * @param data of the run: 8-bit integers are calibrated on its training images
 */
export const modelFiles = (file: string, network: MaskedNetwork, data: Dataset): Either<PwoaError, ModelFiles> => {
  const { architecture, mask } = network
  const ending = modelEnding(file) ?? ''
  const format = formats[ending]
  if (!format) throw new Error(`no format for "${file}"`)
  const whole = format.encode(file, network, data)
  if (isLeft(whole)) return whole
  if (!mask || format.masks === 'none') return whole
  const masksFile = `${file.slice(0, -ending.length)}.masks.safetensors`
  const masks = encodeSafetensors(masksOf(architecture, mask), labels(architecture), masksFile)
  return isLeft(masks)
    ? masks
    : right({ ...whole.right, files: new Map([...whole.right.files, [masksFile, masks.right]]) })
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
