import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { traced } from '../../../dsl/kit/traced.js'
import type { Latent, NetworkOutputs } from '../../../dsl/step.js'
import { tf } from '../../../engine/tf.js'
import type { Architecture } from '../../architecture/architecture.js'
import { type ForwardPass, forward, type GivenTensors, unflatten } from '../../forward/forward.js'
import { latentEntries, mapLatent } from '../../head/head.js'
import { checkMoments } from '../../parameters/momentCount.js'
import type { BatchMoments } from '../../parameters/statistics.js'
import { type CompiledNetwork, compiledNetwork, type Passed } from '../compiledNetwork.js'

/** A network in training, and the images that it is run on. */
export interface Trained {
  readonly architecture: Architecture
  /** Flat, in the engine's layout. */
  readonly weights: Tensor1D
  /** Blocks of images, n × height × width × channels: batch normalisation uses the moments of each block by itself. */
  readonly images: readonly Tensor4D[]
  /** Noise and labels for a stochastic head, one per block. @default zeros */
  readonly given?: readonly GivenTensors[] | undefined
}

/** A network's outputs for all its blocks of images, concatenated. */
export interface TrainedPass extends NetworkOutputs {
  /** The moments at each batch normalisation, block by block; see `updatedStatistics`. */
  readonly moments: readonly (readonly BatchMoments[])[]
}

/**
 * Gradients of a loss of several networks' outputs with respect to their weights.
 *
 * @param networks all different
 * @param loss a function of the networks' outputs; it also receives the moments at batch normalisations
 * @returns one flat vector per network; all other tensors are disposed
 * @throws RunError if a batch normalisation gets a single value per channel
 */
export const weightGradients = (
  networks: readonly Trained[],
  loss: (passes: readonly TrainedPass[]) => Scalar,
): readonly Tensor1D[] => {
  for (const { architecture, images } of networks)
    for (const block of images)
      checkMoments(`architecture ${architecture.name}`, architecture, block.shape[0], 'a minibatch of 1 image')
  const compiled = networks.flatMap((network) => {
    const graphs = compiledNetwork(network.architecture)
    return graphs ? [{ ...network, graphs }] : []
  })
  if (compiled.length === networks.length) return tf.tidy(() => throughGraphs(compiled, loss))
  const ofWeights = (...weights: Tensor[]): Scalar =>
    loss(
      networks.map(({ architecture, images, given }, i) => {
        const parameters = unflatten(architecture, weights[i] as Tensor1D)
        return joined(
          images.map((block, b) =>
            traced('student forward', () => forward(architecture, parameters, block, given?.[b])),
          ),
        )
      }),
    )
  const all = networks.map(({ weights }) => weights)
  return traced('student and terms backward', () => tf.grads(ofWeights)(all) as Tensor1D[])
}

interface Compiled extends Trained {
  readonly graphs: CompiledNetwork
}

/** Only the loss is recorded operation by operation; a network's forward and backward passes are one call each. */
const throughGraphs = (networks: readonly Compiled[], loss: (passes: readonly TrainedPass[]) => Scalar): Tensor1D[] => {
  const passes = networks.map(({ graphs, weights, images, given }) =>
    images.map((block, b) => ({
      block,
      passed: traced('student forward', () => graphs.pass(weights, block, given?.[b])),
    })),
  )
  const leaves = passes
    .flat()
    .flatMap(({ passed: { logits, hidden, latent } }) => [
      logits,
      ...hidden.flat(),
      ...latentEntries(latent).flatMap(([, parts]) => parts),
    ])
  const outputs = passes.map((blocks) => joined(blocks.map(({ passed }) => whole(passed))))
  // Outputs that the loss does not use have no gradient: their entries in the list are null.
  const { grads } = traced('gradients of the terms', () =>
    tf.engine().gradients(() => loss(outputs), leaves, undefined, true),
  )
  const found = new Map<Tensor, Tensor | null | undefined>(
    leaves.map((leaf, i) => [leaf, (grads as readonly (Tensor | null | undefined)[])[i]]),
  )
  const gradientOf = (leaf: Tensor): Tensor => found.get(leaf) ?? tf.zerosLike(leaf)
  const seedsOf = ({ logits, hidden, latent }: Passed) => ({
    logits: gradientOf(logits) as Tensor2D,
    latent: mapLatent(latent, (parts) => parts.map(gradientOf)),
    ...(hidden.flat().some((piece) => found.get(piece)) ? { hidden: hidden.map((all) => all.map(gradientOf)) } : {}),
  })
  return networks.map(({ graphs, weights }, i) =>
    traced('student backward', () =>
      summed(
        (passes[i] ?? []).map(({ block, passed }) => graphs.weightGradient(weights, block, passed, seedsOf(passed))),
      ),
    ),
  )
}

/** Concatenates the parts of a hidden activation only if the loss reads it. */
const whole = ({ logits, hidden, latent, moments }: Passed): ForwardPass => {
  let together: readonly Tensor[] | undefined
  let head: Latent<Tensor2D> | undefined
  return {
    logits,
    get hidden() {
      together ??= hidden.map(concatenated)
      return together
    },
    get latent() {
      head ??= mapLatent(latent, (parts) => concatenated(parts) as Tensor2D)
      return head
    },
    moments,
  }
}

/** Concatenates the blocks when the loss reads them, so that its gradient is recorded back to each block. */
const joined = (blocks: readonly ForwardPass[]): TrainedPass => {
  let logits: Tensor2D | undefined
  let hidden: readonly Tensor[] | undefined
  let latent: Latent<Tensor2D> | undefined
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
    get latent() {
      latent ??= Object.fromEntries(
        latentEntries(blocks[0]?.latent ?? {}).map(([name]) => [
          name,
          concatenated(blocks.flatMap((block) => block.latent?.[name] ?? [])),
        ]),
      )
      return latent
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
