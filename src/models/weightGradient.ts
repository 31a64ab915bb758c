import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { NetworkOutputs } from '../dsl/step.js'
import { traced } from '../dsl/traced.js'
import { tf } from '../engine/tf.js'
import type { Architecture } from './architecture.js'
import { type CompiledNetwork, compiledNetwork, type Passed } from './compiled/compiledNetwork.js'
import { type ForwardPass, forward, unflatten } from './forward.js'
import type { BatchMoments } from './statistics.js'

/** A network in training, and what it is run on. */
export interface Trained {
  readonly architecture: Architecture
  /** Flat, in the engine's layout. */
  readonly weights: Tensor1D
  /** Blocks of images, n × height × width × channels: a batch normalisation looks at each by itself. */
  readonly images: readonly Tensor4D[]
}

/** What a network gives for all its blocks of images, one after another. */
export interface TrainedPass extends NetworkOutputs {
  /** What batch normalisations saw, block by block; see `updatedStatistics`. */
  readonly moments: readonly (readonly BatchMoments[])[]
}

/**
 * Gradients of a loss of the networks' outputs with respect to their weights.
 *
 * @param networks each another one
 * @param loss of the logits and hidden activations; it is also told what batch normalisations saw
 * @returns flat, one a network; whatever else is made is freed
 */
export const weightGradients = (
  networks: readonly Trained[],
  loss: (passes: readonly TrainedPass[]) => Scalar,
): readonly Tensor1D[] => {
  const compiled = networks.flatMap((network) => {
    const graphs = compiledNetwork(network.architecture)
    return graphs ? [{ ...network, graphs }] : []
  })
  if (compiled.length === networks.length) return tf.tidy(() => throughGraphs(compiled, loss))
  const ofWeights = (...weights: Tensor[]): Scalar =>
    loss(
      networks.map(({ architecture, images }, i) => {
        const parameters = unflatten(architecture, weights[i] as Tensor1D)
        return joined(images.map((block) => traced('student there', () => forward(architecture, parameters, block))))
      }),
    )
  const all = networks.map(({ weights }) => weights)
  return traced('student and terms, back', () => tf.grads(ofWeights)(all) as Tensor1D[])
}

interface Compiled extends Trained {
  readonly graphs: CompiledNetwork
}

/** Only the loss is recorded operation by operation; the networks' ways there and back are one call each. */
const throughGraphs = (networks: readonly Compiled[], loss: (passes: readonly TrainedPass[]) => Scalar): Tensor1D[] => {
  const passes = networks.map(({ graphs, weights, images }) =>
    images.map((block) => ({ block, passed: traced('student there', () => graphs.pass(weights, block)) })),
  )
  const leaves = passes.flat().flatMap(({ passed }) => [passed.logits, ...passed.hidden.flat()])
  const outputs = passes.map((blocks) => joined(blocks.map(({ passed }) => whole(passed))))
  // Outputs that the loss does not look at have no gradient: the list has holes there.
  const { grads } = traced('gradients of the terms', () =>
    tf.engine().gradients(() => loss(outputs), leaves, undefined, true),
  )
  const found = new Map<Tensor, Tensor | null | undefined>(
    leaves.map((leaf, i) => [leaf, (grads as readonly (Tensor | null | undefined)[])[i]]),
  )
  const gradientOf = (leaf: Tensor): Tensor => found.get(leaf) ?? tf.zerosLike(leaf)
  const seedsOf = ({ logits, hidden }: Passed) => ({
    logits: gradientOf(logits) as Tensor2D,
    ...(hidden.flat().some((piece) => found.get(piece)) ? { hidden: hidden.map((all) => all.map(gradientOf)) } : {}),
  })
  return networks.map(({ graphs, weights }, i) =>
    traced('student back', () =>
      summed(
        (passes[i] ?? []).map(({ block, passed }) => graphs.weightGradient(weights, block, passed, seedsOf(passed))),
      ),
    ),
  )
}

/** The pieces of each hidden activation are put together only for a loss that looks at them. */
const whole = ({ logits, hidden, moments }: Passed): ForwardPass => {
  let together: readonly Tensor[] | undefined
  return {
    logits,
    get hidden() {
      together ??= hidden.map(concatenated)
      return together
    },
    moments,
  }
}

/** Blocks put together: while the loss is being recorded, so that its gradient finds the way back to each. */
const joined = (blocks: readonly ForwardPass[]): TrainedPass => {
  let logits: Tensor2D | undefined
  let hidden: readonly Tensor[] | undefined
  return {
    get logits() {
      logits ??= concatenated(blocks.map((block) => block.logits))
      return logits
    },
    get hidden() {
      hidden ??= (blocks[0]?.hidden ?? []).map((_, layer) =>
        concatenated(blocks.map((block) => block.hidden[layer] as Tensor)),
      )
      return hidden
    },
    moments: blocks.map(({ moments }) => moments),
  }
}

const concatenated = <T extends Tensor>(parts: readonly T[]): T => {
  const [first, ...others] = parts
  return first && others.length === 0 ? first : (tf.concat([...parts]) as T)
}

const summed = (gradients: readonly Tensor1D[]): Tensor1D =>
  gradients.reduce((sum, gradient) => tf.add(sum, gradient) as Tensor1D)
