import { open } from 'node:fs/promises'
import { valueOf } from '../../dsl/errors.js'
import { formatOf, readCheckpoint } from '../../io/checkpoints/readCheckpoint.js'
import type { Checkpoint } from '../../io/checkpoints/tensors/checkpoint.js'
import type { NodeShape } from '../../models/architecture/shapes.js'
import { countsOf, flopsOf } from '../../models/parameters/counts.js'
import { normalisationOf } from '../../models/parameters/normalisation.js'
import { parametersOf } from '../../models/parameters/parameters.js'
import { selfDescribed } from '../../models/parameters/selfDescribed.js'
import { sizesOf } from '../../models/parameters/sizes.js'
import { statisticsOf } from '../../models/parameters/statistics.js'
import { namesFor, prefixOf } from '../../models/parameters/underNames.js'
import type { NamedTensors } from '../../models/parameters/weights.js'
import { type FittingNetwork, fittingNetworks } from '../../models/zoo/families.js'
import type { FoundFit, FoundNetwork, Inspection } from './inspection.js'

const STAGE = 'inspect'

/**
 * What a file of a network holds, and which network of the zoo it fits. Nothing in the file is executed.
 *
 * @param file path, relative to the working folder
 * @throws FileError for a file that `loadTeacher` can't read either, and for a wrong description of its network
 */
export const inspectFile = async (file: string): Promise<Inspection> => {
  const checkpoint = valueOf(await readCheckpoint(file, { stage: STAGE })())
  const { tensors, metadata, warnings = [] } = checkpoint
  const { description, masks: _masks, stateDict, ...others } = metadata
  const network = description === undefined ? null : networkOf(file, checkpoint)
  return {
    file,
    format: await formatName(file),
    stateDict: stateDict ?? null,
    tensors: [...tensors].map(([name, { shape }]) => ({ name, shape })),
    network,
    fits: network ? [] : fittingNetworks(tensors).map((fit) => fitOf(tensors, fit)),
    metadata: others,
    warnings,
  }
}

const names = { torch: 'PyTorch', safetensors: 'safetensors', onnx: 'ONNX', unknown: 'unknown' } as const

/** The name of a file's format, by its first bytes. */
const formatName = async (file: string): Promise<string> => {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(64) })
    return names[formatOf(buffer.subarray(0, bytesRead), file)]
  } finally {
    await handle.close()
  }
}

const networkOf = (file: string, checkpoint: Checkpoint): FoundNetwork => {
  const { architecture, weights, mask } = valueOf(selfDescribed(STAGE, file, checkpoint))
  const { name, input, classes, nodes } = architecture
  const sizes = new Map(sizesOf(architecture, weights).map((size) => [size.layer, size]))
  return {
    name,
    input: [input.channels, input.height, input.width],
    classes,
    ...countsOf(architecture),
    kept: mask ? mask.reduce((ones, bit) => ones + bit, 0) : null,
    layers: nodes.map((node) => ({
      id: node.id,
      type: node.layer.type === 'activation' ? node.layer.function.type : node.layer.type,
      shape: extents(node.shape),
      parameters: sizes.get(node.id)?.parameters ?? 0,
      nonZero: sizes.get(node.id)?.nonZero ?? 0,
      flops: flopsOf(node),
    })),
  }
}

const extents = (shape: NodeShape): readonly number[] =>
  shape.kind === 'image' ? [shape.channels, shape.height, shape.width] : [shape.features]

const fitOf = (tensors: NamedTensors, { name, architecture, options, assumed }: FittingNetwork): FoundFit => {
  const own = new Set([...parametersOf(architecture), ...statisticsOf(architecture)].map((one) => one.name))
  const names = new Map([...tensors.keys()].map((tensor) => [tensor, namesFor(own, tensor)]))
  const prefix = prefixOf(own, [...names.values()].flat())
  const isOwn = (name: string): boolean => name.startsWith(prefix) && own.has(name.slice(prefix.length))
  return {
    architecture: name,
    name: architecture.name,
    classes: architecture.classes,
    ...countsOf(architecture),
    options,
    assumed,
    prefix,
    normalisation: normalisationOf(architecture) ?? null,
    besides: [...tensors.keys()].filter((tensor) => !names.get(tensor)?.some(isOwn)),
  }
}
