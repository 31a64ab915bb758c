import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../dsl/errors.js'
import type { Architecture } from './architecture.js'
import { parameterCount, parametersOf } from './parameters.js'
import { statisticsCount, statisticsOf } from './statistics.js'
import { type TorchAxes, vectorAxes, walk } from './torchOrder.js'

/** In PyTorch's layout, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
  /** The same numbers as little-endian bytes, where they lie so in a file that was read. */
  readonly raw?: Uint8Array
}

/** Tensors by their PyTorch names. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>

/** A tensor that a network wants, and its place in the flat vector. */
interface Wanted {
  readonly name: string
  readonly torchShape: readonly number[]
  readonly offset: number
  readonly torchAxes: TorchAxes
  /** The least number it may hold. @default none */
  readonly least?: number
}

/** A network's parameters and running statistics as flat vectors in the engine's layout. */
export interface Packed {
  readonly weights: Float32Array
  readonly statistics: Float32Array
}

/**
 * A state dict as flat vectors. Its names are the network's own; see `underNames` for those of public checkpoints.
 *
 * @returns left with all tensors that are missing, of another shape, or unknown to the architecture; else with the first
 * that is not finite, or a variance below 0
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

/** A flat vector of parameters as a state dict: half of the inverse of `packNetwork`. */
export const unpackWeights = (architecture: Architecture, flat: Float32Array): Map<string, NamedTensor> =>
  unpack(flat, parametersOf(architecture))

/** A flat vector of running statistics as a state dict: the other half. */
export const unpackStatistics = (architecture: Architecture, flat: Float32Array): Map<string, NamedTensor> =>
  unpack(flat, wantedStatistics(architecture))

const wantedStatistics = (architecture: Architecture): readonly Wanted[] =>
  statisticsOf(architecture).map(({ name, size, offset, role }) => ({
    name,
    torchShape: [size],
    offset,
    torchAxes: vectorAxes(size),
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
          12,
        ) || 'nothing'
      }.`,
    })

/** The first so many of a list, and how many there are where that is not all. */
const listed = (items: readonly string[], most = 10): string =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} … (${items.length} in all)`

/** What is missing, of another shape or not wanted, a phrase for each. */
const namesAndShapes = (wanted: readonly Wanted[], tensors: NamedTensors): readonly string[] => {
  const known = new Set(wanted.map(({ name }) => name))
  const missing = wanted.filter(({ name }) => !tensors.has(name))
  const misshapen = wanted.flatMap(({ name, torchShape }) => {
    const tensor = tensors.get(name)
    return tensor && text(tensor.shape) !== text(torchShape)
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

/** Copies each tensor to its place; what is wrong with the first whose numbers won't do. */
const fill = (flat: Float32Array, wanted: readonly Wanted[], tensors: NamedTensors): Complaint | undefined => {
  for (const { name, offset, torchAxes, least = -Infinity } of wanted) {
    const tensor = tensors.get(name)
    if (!tensor) continue
    const numberAt = readerOf(tensor)
    let infinite: number | undefined
    let small: number | undefined
    walk(torchAxes, (torch, own) => {
      const value = numberAt(torch)
      if (!Number.isFinite(value)) infinite ??= value
      if (value < least) small ??= value
      flat[offset + own] = value
    })
    if (infinite !== undefined) return { expected: `finite numbers in "${name}"`, actual: String(infinite) }
    if (small !== undefined) return { expected: `numbers >= ${least} in "${name}"`, actual: String(small) }
  }
  return undefined
}

/** Bytes of a file are read where they lie: a copy of each tensor would be half of the memory that a large file takes. */
const readerOf = (tensor: NamedTensor): ((index: number) => number) => {
  if (tensor.raw) {
    const view = new DataView(tensor.raw.buffer, tensor.raw.byteOffset, tensor.raw.byteLength)
    return (index) => view.getFloat32(4 * index, true)
  }
  const { data } = tensor
  return (index) => data[index] ?? 0
}

const unpack = (flat: Float32Array, wanted: readonly Wanted[]): Map<string, NamedTensor> =>
  new Map(
    wanted.map(({ name, torchShape, offset, torchAxes }) => {
      const data = new Float32Array(torchShape.reduce((product, extent) => product * extent, 1))
      walk(torchAxes, (torch, own) => {
        data[torch] = flat[offset + own] ?? 0
      })
      return [name, { shape: torchShape, data }]
    }),
  )
