import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { Latencies, NetworkLatency } from '../../dsl/figures.js'
import { tf } from '../../engine/tf.js'
import { median } from '../../math/orderStatistics.js'
import { folded } from '../../models/forward/folded.js'
import { kernelsOn, unflatten } from '../../models/forward/forward.js'
import type { PlainNetwork } from '../../models/parameters/plainNetwork.js'
import { Student } from './network.js'
import { type TimeLimits, timeInTurn } from './timeInTurn.js'

/** Images of the batch that is timed: enough that layers take longer than to call them. */
const IMAGES = 16

/** A large network has one round, a small one enough for a median. */
const LIMITS: TimeLimits = { rounds: 15, seconds: 2 }

/** Any number: times do not depend on images. */
const SEED = 1

/**
 * How long two networks take on this machine, as a whole and layer by layer: medians of rounds in which each is timed once.
 * A layer is timed alone, with the ReLU after it and the batch normalisation that is folded into it. The whole network is
 * timed as the engine runs it: it may join layers and share images among cores, so the whole is not the sum of the layers.
 */
export const networkLatency = (before: PlainNetwork, after: PlainNetwork): NetworkLatency => {
  const students = [before, after].map(
    ({ architecture, weights, statistics }) => new Student(architecture, weights, statistics),
  )
  const found: Latencies[] = []
  tf.tidy(() => {
    const { height, width, channels } = before.architecture.input
    const images: Tensor4D = tf.randomUniform([IMAGES, height, width, channels], 0, 1, 'float32', SEED)
    const layers = [before, after].map((network) => layersOf(network, images))
    const works = layers.map((own, i) => [() => students[i]?.logits(images), ...own.map(({ work }) => work)])
    const seconds = timeInTurn(
      works.flat().map((work) => (): void => tf.tidy(() => void work())),
      LIMITS,
    ).map(median)
    let next = 0
    for (const own of layers) {
      const whole = seconds[next++] ?? 0
      found.push({ whole, layers: own.map(({ layer }) => ({ layer, seconds: seconds[next++] ?? 0 })) })
    }
  })
  for (const student of students) student.dispose()
  const [first = NOTHING, second = NOTHING] = found
  return { images: IMAGES, before: first, after: second }
}

const NOTHING: Latencies = { whole: 0, layers: [] }

/** The layers of a network, by their names in training, each on the outputs of the layers before it. */
const layersOf = (network: PlainNetwork, images: Tensor4D) => {
  const { architecture, weights } = folded(network)
  const parameters = unflatten(architecture, tf.tensor1d(weights))
  return kernelsOn(architecture, parameters, images).map(({ kernel: { node }, work }) => ({
    layer: 'name' in node.layer ? node.layer.name : node.id,
    work,
  }))
}
