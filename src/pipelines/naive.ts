// Naive pruning: what remains of robustness if nothing preserves it.
import type { Op } from '../dsl/op.js'
import { composite } from '../dsl/stages/composite.js'
import type { HasTerms, HasTraining } from '../dsl/step.js'
import { crossEntropy } from '../operators/crossEntropy.js'
import { type MagnitudePruneOptions, magnitudePrune } from '../operators/magnitudePrune.js'
import type { HasStudent } from '../training/network/network.js'

/**
 * `crossEntropy` → `magnitudePrune`: prunes the smallest weights and retrains the others on natural images and labels:
 *
 *     W ← Π_S(W), mask fixed,   W ← W − lr·mask∘∂L,   L = mean_i −log softmax(f(x_i))_{y_i}
 *
 * @example
 * pipeline('naive', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }), naive({ pattern: 'irregular', rate: 4 }))
 * @throws OptionError for options that its stages do not accept
 * Source: Han et al., "Learning both Weights and Connections for Efficient Neural Networks", NeurIPS 2015.
 */
export const naive = (mask: MagnitudePruneOptions): Op<HasStudent, HasTerms & HasTraining> => {
  const [loss, pruned] = [crossEntropy(), magnitudePrune(mask)] as const
  return composite('naive', [loss, pruned], (source) => pruned(loss(source)))
}
