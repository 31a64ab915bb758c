import { imagesAt } from '../../attacks/common/asking.js'
import { evaluate } from '../../attacks/evaluation/evaluate.js'
import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { tf } from '../../engine/tf.js'
import type { Network } from '../../training/network/network.js'
import { type AnyAttack, type AttackReport, type askedAttackOptions, never, reportOf } from './attackReport.js'

/** Examples to be attacked. */
export interface Examples {
  /** n × height × width × channels, in [0, 1]. */
  readonly values: Float32Array
  readonly shape: ImageShape
  /** True classes, n. */
  readonly labels: Int32Array
}

/** Attacks a network on some examples as `attackEval` does: with the same checks and warnings, but without a run. */
export const attackNetwork = async (
  network: Network,
  attack: AnyAttack,
  { values, shape, labels }: Examples,
  { batchSize, seed, signal = never() }: ReturnType<typeof askedAttackOptions.read>,
): Promise<AttackReport> => {
  const { height, width, channels } = shape
  const size = imageSize(shape)
  const { classes } = network.architecture
  const warnings: string[] = []
  const { outcomes, shown } = await evaluate({
    classifier: (images) => network.logits(images),
    attacks: [attack],
    indices: Uint32Array.from(labels.keys()),
    batchOf: (indices) => {
      const truth = new Float32Array(indices.length * classes)
      for (const [row, index] of indices.entries()) {
        truth[row * classes + (labels[index] ?? 0)] = 1
      }
      return {
        images: tf.tensor4d(imagesAt(values, size, indices), [indices.length, height, width, channels]),
        labels: tf.tensor2d(truth, [indices.length, classes]),
      }
    },
    batchSize,
    seed,
    signal,
    resting: () => undefined,
    journal: { entries: new Map(), add: () => undefined },
    keepImages: labels.length,
    onProgress: () => undefined,
    onStage: () => undefined,
    onWarning: (message) => warnings.push(message),
  })
  const adversarial = values.slice()
  for (const one of shown) adversarial.set(one.adversarial, one.index * size)
  return reportOf(outcomes, adversarial, warnings)
}
