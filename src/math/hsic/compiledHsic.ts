import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { type CompiledGraph, compileGraph, evenParts } from '../../engine/graph/compiledGraph.js'
import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import { tf } from '../../engine/tf.js'
import { trace } from '../sums.js'
import { type BottleneckWeights, EPSILON, exponentOf } from './bottleneck.js'
import { gradientGraph, lossGraph, matrixGraph, names } from './hsicGraph.js'

/** `bottleneckMatrix` in one call of the engine. */
export const matrixByGraph = (images: Tensor, labels: Tensor2D, weights: BottleneckWeights): Tensor2D =>
  tf.tidy(() => {
    const { lambdaX, lambdaY, sigma } = weights
    const feeds = {
      ...sharedBy(labels.shape[0]),
      [names.images]: images,
      [names.labels]: labels,
      [names.exponent(0)]: tf.scalar(exponentOf(featuresOf(images), sigma)),
      [names.lambdaX]: tf.scalar(lambdaX),
      [names.lambdaY]: tf.scalar(lambdaY),
    }
    const [matrix] = graphs.matrix(blocksFor(labels.shape[0])).run(feeds, [names.matrix])
    return matrix as Tensor2D
  })

/** `bottleneckLoss` in one call of the engine for the forward pass, and one for the backward pass. */
export const lossByGraph = (hidden: readonly Tensor[], s: Tensor2D, sigmas: readonly number[]): Scalar =>
  tf.customGrad((...inputs) => {
    const save = inputs.at(-1) as (tensors: Tensor[]) => void
    const activations = inputs.slice(0, -1) as Tensor[]
    const n = s.shape[0]
    const layers = [...activations.keys()]
    const feeds: Record<string, Tensor> = { ...sharedBy(n), [names.matrix]: s }
    for (const [layer, z] of activations.entries()) {
      feeds[names.activations(layer)] = z
      feeds[names.exponent(layer)] = tf.scalar(exponentOf(featuresOf(z), sigmas[layer]))
    }
    const kept = layers.flatMap((layer) => [names.rows(layer), names.kernel(layer), names.inverse(layer)])
    const [sum, ...results] = graphs.loss(blocksFor(n), layers.length).run(feeds, [names.sum, ...kept])
    save([...activations, ...results, s])
    // Σ_l tr(S·(I − εn·A_l⁻¹))
    const value = layers.length * trace(s.dataSync(), n) - EPSILON * n * ((sum as Scalar).dataSync()[0] ?? 0)
    return {
      value: tf.scalar(value),
      gradFunc: (dy, saved) => {
        const factor = 4 * (dy.dataSync()[0] ?? 0) * EPSILON * n
        const back: Record<string, Tensor> = { [names.matrix]: saved.at(-1) as Tensor2D }
        for (const [layer, z] of saved.slice(0, layers.length).entries()) {
          back[names.activations(layer)] = z
          back[names.pull(layer)] = tf.scalar(factor * exponentOf(featuresOf(z), sigmas[layer]))
        }
        for (const [i, name] of kept.entries()) back[name] = saved[layers.length + i] as Tensor
        return [...graphs.gradient(layers.length).run(back, layers.map(names.gradient))]
      },
    }
  })(...hidden) as Scalar

const featuresOf = (z: Tensor): number => z.size / (z.shape[0] ?? 1)

/** What all graphs are fed for a minibatch of n examples. */
const sharedBy = (n: number): Readonly<Record<string, Tensor>> => ({
  [names.identity]: tf.eye(n),
  [names.rowShape]: tf.tensor1d([n, -1], 'int32'),
  [names.ridge]: tf.scalar(EPSILON * n),
  ...(blocksFor(n) === 1 ? {} : { [names.blocks]: evenParts(n, blocksFor(n)) }),
})

/** Blocks along each side of a Gram matrix: 10 of the 16 products give all of it. */
const BLOCKS = 4

/** With fewer rows, smaller products cost more than the saved ones. */
const FEWEST_ROWS = 256

/** How many blocks there are along each side of the Gram matrix of n rows. */
export const blocksFor = (n: number): number => (n < FEWEST_ROWS ? 1 : BLOCKS)

/** Returns the graph for some numbers of blocks and layers; each is loaded when it is first needed. */
const loaded = <Counts extends readonly number[]>(
  make: (...counts: Counts) => GraphBuilder,
): ((...counts: Counts) => CompiledGraph) => {
  const all = new Map<string, CompiledGraph>()
  return (...counts) => {
    const key = counts.join('/')
    const graph = all.get(key) ?? compileGraph(make(...counts))
    all.set(key, graph)
    return graph
  }
}

const graphs = { matrix: loaded(matrixGraph), loss: loaded(lossGraph), gradient: loaded(gradientGraph) }
