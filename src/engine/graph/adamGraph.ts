import type { AdamAttributes } from '../ops/adamUpdate.js'
import { GraphBuilder } from './graphBuilder.js'
import type { OptimizerGraph } from './optimizerGraph.js'

/** `adamUpdate` as a graph: w − rate·m/(√v + ε·r) with r = √(1 − β2ᵗ) and rate = lr·r/(1 − β1ᵗ) is PyTorch's update. */
export const adamGraph: OptimizerGraph<AdamAttributes> = {
  slots: [
    { before: 'mean', after: 'm' },
    { before: 'square', after: 'v' },
  ],
  numbers: ({ learningRate, beta1, beta2, epsilon, step }) => {
    const root = Math.sqrt(1 - beta2 ** step)
    return {
      rate: (learningRate * root) / (1 - beta1 ** step),
      epsilon: epsilon * root,
      newMean: 1 - beta1,
      newSquare: 1 - beta2,
    }
  },
  make: () => {
    const builder = new GraphBuilder()
    const placeholder = (name: string): string => builder.placeholder(name)
    const [weights, mean, square, gradient] = ['weights', 'mean', 'square', 'gradient'].map(placeholder) as Four
    const [rate, epsilon, newMean, newSquare] = ['rate', 'epsilon', 'newMean', 'newSquare'].map(placeholder) as Four
    const towards = (from: string, to: string, share: string): string =>
      builder.add(from, builder.multiply(builder.subtract(to, from), share))
    const m = towards(mean, gradient, newMean)
    const v = towards(square, builder.multiply(gradient, gradient), newSquare)
    const scale = builder.add(builder.squareRoot(v), epsilon)
    builder.output('w', builder.subtract(weights, builder.divide(builder.multiply(m, rate), scale)))
    builder.output('m', m)
    builder.output('v', v)
    return builder
  },
}

type Four = [string, string, string, string]
