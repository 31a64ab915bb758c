import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../../dsl/errors.js'
import { inspectCommand } from '../../dsl/kit/shellWord.js'
import type { Architecture } from '../architecture/architecture.js'
import { parameterCount, parametersOf } from './parameters.js'
import { statisticsCount, statisticsOf } from './statistics.js'
import { fromTorch, type TorchPlace, toTorch } from './torchOrder.js'

/** A tensor in PyTorch's layout, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
  /** The same numbers as little-endian bytes, if the file holds them so. */
  readonly raw?: Uint8Array
}

/** Tensors by their PyTorch names. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>

/** A tensor that a network needs, and its place in the flat vector. */
interface Wanted extends TorchPlace {
  readonly name: string
  readonly torchShape: readonly number[]
  /** The least number it may hold. @default no limit */
  readonly least?: number
}

/** A network's parameters and running statistics as flat vectors in the engine's layout. */
export interface Packed {
  readonly weights: Float32Array
  readonly statistics: Float32Array
}

/**
 * Converts a state dict to flat vectors. Its names must be the network's own; see `underNames` for the names of public
 * checkpoints.
 *
 * @returns left with all tensors that are missing, of another shape, or unknown to the architecture; or else with the
 * first that holds a number that is not finite, or a variance below 0
 */
export const packNetwork = (
  stage: string,
  file: string,
  architecture: Architecture,
  tensors: NamedTensors,
): Either<FileError, Packed> => {
  const refuse = refusal(stage, file, architecture, tensors)
  const [parameters, statistics] = [parametersOf(architecture), wantedStatistics(architecture)]
  const wanted = [...parameters, ...statistics]
  const complaints = namesAndShapes(wanted, tensors)
  if (complaints.length > 0) return refuse({ expected: `its ${wanted.length} tensors`, actual: complaints.join('; ') })
  const packed: Packed = {
    weights: new Float32Array(parameterCount(architecture)),
    statistics: new Float32Array(statisticsCount(architecture)),
  }
  const complaint = fill(packed.weights, parameters, tensors) ?? fill(packed.statistics, statistics, tensors)
  return complaint ? refuse(complaint) : right(packed)
}

/** Converts a flat vector of parameters to a state dict: with `unpackStatistics`, the inverse of `packNetwork`. */
export const unpackWeights = (architecture: Architecture, flat: Float32Array): Map<string, NamedTensor> =>
  unpack(flat, parametersOf(architecture))

/** Converts a flat vector of running statistics to a state dict; see `unpackWeights`. */
export const unpackStatistics = (architecture: Architecture, flat: Float32Array): Map<string, NamedTensor> =>
  unpack(flat, wantedStatistics(architecture))

const wantedStatistics = (architecture: Architecture): readonly Wanted[] =>
  statisticsOf(architecture).map(({ name, size, offset, role, torchAxes }) => ({
    name,
    torchShape: [size],
    offset,
    torchAxes,
    ...(role === 'variance' ? { least: 0 } : {}),
  }))

const text = (shape: readonly number[]): string => `[${shape.join(', ')}]`

interface Complaint {
  readonly expected: string
  readonly actual: string
}

const refusal =
  (stage: string, file: string, architecture: Architecture, tensors: NamedTensors) =>
  ({ expected, actual }: Complaint): Either<FileError, never> =>
    left({
      _tag: 'FileError',
      stage,
      file,
      expected: `a checkpoint of ${architecture.name}: ${expected}`,
      actual,
      hint: `The file holds ${
        listed(
          [...tensors].map(([name, { shape }]) => `${name} ${text(shape)}`),
          MOST_HELD,
        ) || 'nothing'
      }.${tensors.size > MOST_HELD ? ` \`${inspectCommand(file)}\` lists them.` : ''}`,
    })

/** How many tensors of a file a hint lists. */
const MOST_HELD = 12

/** The first `most` items of a list, and the number of all if there are more. */
const listed = (items: readonly string[], most = 10): string =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} … (${items.length} in all)`

/**
 * Whether a tensor has the wanted shape. Linear layers on tokens are convolutions of one pixel here, and a number for each
 * channel may be broadcast over an image.
 */
const isOf = (shape: readonly number[], wanted: readonly number[]): boolean =>
  text(shape) === text(wanted) ||
  (shape.length === 2 && text([...shape, 1, 1]) === text(wanted)) ||
  (wanted.length === 1 && text(shape) === text([...wanted, 1, 1]))

/** Which tensors are missing, of another shape, or unknown: a phrase for each of the three. */
const namesAndShapes = (wanted: readonly Wanted[], tensors: NamedTensors): readonly string[] => {
  const known = new Set(wanted.map(({ name }) => name))
  const missing = wanted.filter(({ name }) => !tensors.has(name))
  const misshapen = wanted.flatMap(({ name, torchShape }) => {
    const tensor = tensors.get(name)
    return tensor && !isOf(tensor.shape, torchShape)
      ? [`"${name}" of shape ${text(tensor.shape)} instead of ${text(torchShape)}`]
      : []
  })
  const strangers = [...tensors.keys()].filter((name) => !known.has(name))
  return [
    ...(missing.length > 0
      ? [`no ${listed(missing.map(({ name, torchShape }) => `"${name}" ${text(torchShape)}`))}`]
      : []),
    ...(misshapen.length > 0 ? [listed(misshapen)] : []),
    ...(strangers.length > 0 ? [`unknown ${listed(strangers.map((name) => `"${name}"`))}`] : []),
  ]
}

/** Copies each tensor to its place. @returns what is wrong with the first tensor that holds an invalid number */
const fill = (flat: Float32Array, wanted: readonly Wanted[], tensors: NamedTensors): Complaint | undefined => {
  for (const place of wanted) {
    const { name, least = -Infinity } = place
    const tensor = tensors.get(name)
    if (!tensor) continue
    const numberAt = readerOf(tensor)
    let infinite: number | undefined
    let small: number | undefined
    fromTorch(flat, place, (index) => {
      const value = numberAt(index)
      if (!Number.isFinite(value)) infinite ??= value
      if (value < least) small ??= value
      return value
    })
    if (infinite !== undefined) return { expected: `finite numbers in "${name}"`, actual: String(infinite) }
    if (small !== undefined) return { expected: `numbers >= ${least} in "${name}"`, actual: String(small) }
  }
  return undefined
}

/** Reads a file's bytes in place: copies of all tensors would be half of the memory that a large file takes. */
const readerOf = (tensor: NamedTensor): ((index: number) => number) => {
  if (tensor.raw) {
    const view = new DataView(tensor.raw.buffer, tensor.raw.byteOffset, tensor.raw.byteLength)
    return (index) => view.getFloat32(4 * index, true)
  }
  const { data } = tensor
  return (index) => data[index] ?? 0
}

const unpack = (flat: Float32Array, wanted: readonly Wanted[]): Map<string, NamedTensor> =>
  new Map(wanted.map((place) => [place.name, { shape: place.torchShape, data: toTorch(flat, place) }]))
