import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { LossTerm } from '../../dsl/step.js'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import type { GivenTensors } from '../../models/forward/forward.js'
import { givenLayers } from '../../models/head/head.js'

/**
 * The additional inputs of a network's stochastic head in a step, block by block: the noise, if an active term draws some,
 * and the labels.
 *
 * @param labels n × classes, one-hot, of all blocks one after the other
 */
export const givenToHead = (
  architecture: Architecture,
  terms: readonly LossTerm[],
  labels: Tensor2D,
  blocks: number,
): readonly GivenTensors[] => {
  const layers = givenLayers(architecture)
  const width = layers.find(({ value }) => value === 'noise')?.out
  const [rows] = labels.shape
  const drawn = width === undefined ? undefined : terms.find(({ noise }) => noise)?.noise?.(rows * width)
  const noise = drawn && tf.split<Tensor2D>(tf.tensor2d(drawn, [rows, width ?? 0]), blocks)
  const known = layers.some(({ value }) => value === 'labels') ? tf.split<Tensor2D>(labels, blocks) : undefined
  return Array.from({ length: blocks }, (_, block) => ({
    ...(noise?.[block] ? { noise: noise[block] } : {}),
    ...(known?.[block] ? { labels: known[block] } : {}),
  }))
}
