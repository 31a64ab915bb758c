/** The values of public PyTorch code in `../shared/golden`, and the public networks and images that they come from. */

import { readFileSync } from 'node:fs'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, it } from 'vitest'
import type { Dataset, Split } from '../../src/dsl/dataset.js'
import { describeError } from '../../src/dsl/errors.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import { readIdxImages, readIdxLabels } from '../../src/io/datasets/mnist/idx.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { packNetwork } from '../../src/models/parameters/weights.js'
import { lenet5, mnistNet } from '../../src/models/zoo/zoo.js'
import { goldenFiles, needing, shared } from './needs.js'

/** As `describe`. If the reference values are missing, one skipped test stands for all: they can't be enumerated. */
export const describeGolden = (title: string, tests: () => void): void =>
  goldenFiles.isThere() ? void describe(title, tests) : it(title, needing(goldenFiles), () => undefined)

/** A file of reference values. The caller states its type: it is one of the project's own fixtures. */
export const readGolden = <T>(name: string): T => JSON.parse(readFileSync(shared(`golden/${name}.json`), 'utf8')) as T

const checkpoints = {
  mnist_fastat_pgd: { file: 'mnist_fastat_pgd.pth', architecture: mnistNet },
  mnist_fastat_fgsm: { file: 'mnist_fastat_fgsm.pth', architecture: mnistNet },
  mnist_lenet5_clntrained: { file: 'mnist_lenet5_clntrained.pt', architecture: lenet5 },
} as const satisfies Readonly<Record<string, { file: string; architecture: Architecture }>>

export type CheckpointName = keyof typeof checkpoints

export const checkpointNames = Object.keys(checkpoints) as readonly CheckpointName[]

/** A public network: its description and its weights in the engine's layout. */
export const readPublicNetwork = async (
  name: CheckpointName,
): Promise<{ readonly architecture: Architecture; readonly weights: Float32Array }> => {
  const { file, architecture } = checkpoints[name]
  const read = await readCheckpoint(shared(`checkpoints/${file}`))()
  if (isLeft(read)) throw new Error(describeError(read.left))
  const packed = packNetwork('test', file, architecture, read.right.tensors)
  if (isLeft(packed)) throw new Error(describeError(packed.left))
  return { architecture, weights: packed.right.weights }
}

/** The golden files name `mnistNet`'s layers by their kind; the state dict of its `Sequential` numbers them. */
const ownNames: Readonly<Record<string, string>> = { conv1: '0', conv2: '2', fc1: '5', fc2: '7' }

/** `conv1.weight` as `mnistNet` names it. */
export const ownName = (goldenName: string): string => {
  const [layer = '', role = ''] = goldenName.split('.')
  return `${ownNames[layer] ?? layer}.${role}`
}

/** The first MNIST test images. */
export const readTestSplit = (count: number): Split => {
  const parts = {
    images: readIdxImages(readFileSync(shared('data/mnist/t10k-images-idx3-ubyte.gz')), 'images'),
    labels: readIdxLabels(readFileSync(shared('data/mnist/t10k-labels-idx1-ubyte.gz')), 'labels', 10),
  }
  if (isLeft(parts.images)) throw new Error(describeError(parts.images.left))
  if (isLeft(parts.labels)) throw new Error(describeError(parts.labels.left))
  const images = parts.images.right.pixels.slice(0, count * 28 * 28)
  return { count, images, labels: Uint16Array.from(parts.labels.right.subarray(0, count)) }
}

/** A data set of which only the first test images are there. */
export const readTestSet = (count: number): Dataset => ({
  name: 'MNIST',
  origin: 'original',
  classes: 10,
  shape: { height: 28, width: 28, channels: 1 },
  train: { count: 0, images: new Uint8Array(0), labels: new Uint16Array(0) },
  test: readTestSplit(count),
})
