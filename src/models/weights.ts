import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { FileError } from '../dsl/errors.js'
import type { Architecture } from './architecture.js'
import { parameterCount, parametersOf } from './parameters.js'

/** Tensors by their PyTorch names, in PyTorch's layout, row-major. */
export type NamedTensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>

const text = (shape: readonly number[]): string => `[${shape.join(', ')}]`

/**
 * A state dict as one flat vector in the engine's layout.
 *
 * @returns left with the first tensor that is missing, of another shape, or unknown to the architecture
 */
export const packWeights = (
  stage: string,
  file: string,
  architecture: Architecture,
  tensors: NamedTensors,
): Either<FileError, Float32Array> => {
  const refuse = (expected: string, actual: string): Either<FileError, never> =>
    left({
      _tag: 'FileError',
      stage,
      file,
      expected: `a checkpoint of ${architecture.name}: ${expected}`,
      actual,
      hint: `The file holds ${[...tensors].map(([name, { shape }]) => `${name} ${text(shape)}`).join(', ') || 'nothing'}.`,
    })
  const parameters = parametersOf(architecture)
  const flat = new Float32Array(parameterCount(architecture))
  for (const { name, torchShape, size, offset, torchIndex } of parameters) {
    const tensor = tensors.get(name)
    if (!tensor) return refuse(`tensor "${name}" of shape ${text(torchShape)}`, 'none of that name')
    if (text(tensor.shape) !== text(torchShape))
      return refuse(`tensor "${name}" of shape ${text(torchShape)}`, `shape ${text(tensor.shape)}`)
    const index = torchIndex()
    for (let i = 0; i < size; i++) flat[offset + i] = tensor.data[index[i] ?? 0] ?? 0
    const bad = tensor.data.find((value) => !Number.isFinite(value))
    if (bad !== undefined) return refuse(`finite numbers in "${name}"`, String(bad))
  }
  const known = new Set(parameters.map(({ name }) => name))
  const stranger = [...tensors.keys()].find((name) => !known.has(name))
  if (stranger !== undefined) return refuse(`no other tensors than its ${known.size}`, `"${stranger}"`)
  return right(flat)
}

/** A flat vector in the engine's layout as a state dict: the inverse of `packWeights`. */
export const unpackWeights = (
  architecture: Architecture,
  flat: Float32Array,
): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> =>
  new Map(
    parametersOf(architecture).map(({ name, torchShape, size, offset, torchIndex }) => {
      const data = new Float32Array(size)
      const index = torchIndex()
      for (let i = 0; i < size; i++) data[index[i] ?? 0] = flat[offset + i] ?? 0
      return [name, { shape: torchShape, data }]
    }),
  )
