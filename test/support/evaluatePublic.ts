import type { Attack, AttackSequence } from '../../src/attacks/common/attack.js'
import { evaluate } from '../../src/attacks/evaluation/evaluate.js'
import type { EvaluationResult } from '../../src/attacks/evaluation/evaluation.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'
import { Student } from '../../src/training/network/network.js'
import { type CheckpointName, readPublicNetwork, readTestSet } from './golden.js'

/** Attacks a public network on the first MNIST test images. `scale` multiplies its last layer, and so its logits. */
export const evaluatePublic = async (
  name: CheckpointName,
  attacks: readonly (Attack | AttackSequence)[],
  {
    examples,
    seed = 0,
    scale = 1,
    onWarning = () => undefined,
  }: {
    readonly examples: number
    readonly seed?: number
    readonly scale?: number
    readonly onWarning?: (message: string) => void
  },
): Promise<EvaluationResult> => {
  const { architecture, weights } = await readPublicNetwork(name)
  for (const { offset, size } of parametersOf(architecture).slice(-2))
    for (let i = offset; i < offset + size; i++) weights[i] = (weights[i] ?? 0) * scale
  const student = new Student(architecture, weights)
  const { test, shape, classes } = readTestSet(examples)
  try {
    return await evaluate({
      classifier: (images) => student.logits(images),
      attacks,
      indices: Uint32Array.from({ length: examples }, (_, i) => i),
      batchOf: (indices) => ({ images: imagesOf(test, shape, indices), labels: labelsOf(test, classes, indices) }),
      batchSize: 250,
      seed,
      signal: new AbortController().signal,
      resting: () => undefined,
      journal: { entries: new Map(), add: () => undefined },
      keepImages: 0,
      onProgress: () => undefined,
      onStage: () => undefined,
      onWarning,
    })
  } finally {
    student.dispose()
  }
}
