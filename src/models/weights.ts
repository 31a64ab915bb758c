import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../dsl/errors.js'
import type { Architecture } from './architecture.js'
import { parameterCount, parametersOf } from './parameters.js'
import { statisticsCount, statisticsOf } from './statistics.js'

/** Tensors by their PyTorch names, in PyTorch's layout, row-major. */
export type NamedTensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>

/** The same, made here. */
type OwnTensors = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>

/** A tensor that a network wants, and its place in the flat vector. */
interface Wanted {
  readonly name: string
  readonly torchShape: readonly number[]
  readonly offset: number
  /** Position in PyTorch's layout of each element of the engine's layout. */
  readonly torchIndex: () => Uint32Array
  /** The least number it may hold. @default none */
  readonly least?: number
}

/**
 * A state dict's parameters as one flat vector in the engine's layout. Running statistics may be among the tensors (see
 * `packStatistics`); batch normalisation's `num_batches_tracked` too, which nothing depends on.
 *
 * @returns left with the first tensor that is missing, of another shape, not finite, or unknown to the architecture
 */
export const packWeights = (
  stage: string,
  file: string,
  architecture: Architecture,
  tensors: NamedTensors,
): Either<FileError, Float32Array> => {
  const refuse = refusal(stage, file, architecture, tensors)
  const flat = new Float32Array(parameterCount(architecture))
  const complaint = fill(flat, parametersOf(architecture), tensors)
  if (complaint) return refuse(complaint)
  const known = new Set([...parametersOf(architecture), ...statisticsOf(architecture)].map(({ name }) => name))
  const stranger = [...tensors.keys()].find((name) => !known.has(name) && !isCounter(known, name))
  if (stranger === undefined) return right(flat)
  return refuse({ expected: `no other tensors than its ${known.size}`, actual: `"${stranger}"` })
}

/**
 * A state dict's running statistics as one flat vector: see `statisticsOf`. Empty without batch normalisation.
 *
 * @returns left with the first tensor that is missing, of another shape, not finite, or a variance below 0
 */
export const packStatistics = (
  stage: string,
  file: string,
  architecture: Architecture,
  tensors: NamedTensors,
): Either<FileError, Float32Array> => {
  const flat = new Float32Array(statisticsCount(architecture))
  const complaint = fill(flat, wantedStatistics(architecture), tensors)
  return complaint ? refusal(stage, file, architecture, tensors)(complaint) : right(flat)
}

/** A flat vector in the engine's layout as a state dict: the inverse of `packWeights`. */
export const unpackWeights = (architecture: Architecture, flat: Float32Array): OwnTensors =>
  unpack(flat, parametersOf(architecture))

/** A flat vector of running statistics as a state dict: the inverse of `packStatistics`. */
export const unpackStatistics = (architecture: Architecture, flat: Float32Array): OwnTensors =>
  unpack(flat, wantedStatistics(architecture))

const wantedStatistics = (architecture: Architecture): readonly Wanted[] =>
  statisticsOf(architecture).map(({ name, size, offset, role }) => ({
    name,
    torchShape: [size],
    offset,
    torchIndex: () => Uint32Array.from({ length: size }, (_, i) => i),
    ...(role === 'variance' ? { least: 0 } : {}),
  }))

/** How often PyTorch has updated a batch normalisation's statistics: only a momentum of `None` would need it. */
const isCounter = (known: ReadonlySet<string>, name: string): boolean =>
  name.endsWith('.num_batches_tracked') && known.has(name.replace(/num_batches_tracked$/, 'running_mean'))

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
      hint: `The file holds ${[...tensors].map(([name, { shape }]) => `${name} ${text(shape)}`).join(', ') || 'nothing'}.`,
    })

/** Copies each tensor to its place; what is wrong with the first that does not fit. */
const fill = (flat: Float32Array, wanted: readonly Wanted[], tensors: NamedTensors): Complaint | undefined => {
  for (const { name, torchShape, offset, torchIndex, least = -Infinity } of wanted) {
    const tensor = tensors.get(name)
    const expected = `tensor "${name}" of shape ${text(torchShape)}`
    if (!tensor) return { expected, actual: 'none of that name' }
    if (text(tensor.shape) !== text(torchShape)) return { expected, actual: `shape ${text(tensor.shape)}` }
    const index = torchIndex()
    for (let i = 0; i < index.length; i++) flat[offset + i] = tensor.data[index[i] ?? 0] ?? 0
    const infinite = tensor.data.find((value) => !Number.isFinite(value))
    if (infinite !== undefined) return { expected: `finite numbers in "${name}"`, actual: String(infinite) }
    const small = tensor.data.find((value) => value < least)
    if (small !== undefined) return { expected: `numbers >= ${least} in "${name}"`, actual: String(small) }
  }
  return undefined
}

const unpack = (flat: Float32Array, wanted: readonly Wanted[]): OwnTensors =>
  new Map(
    wanted.map(({ name, torchShape, offset, torchIndex }) => {
      const index = torchIndex()
      const data = new Float32Array(index.length)
      for (let i = 0; i < index.length; i++) data[index[i] ?? 0] = flat[offset + i] ?? 0
      return [name, { shape: torchShape, data }]
    }),
  )
