// The HSIC bottleneck on every hidden activation. Paper: Sec. III-C, eq. 7 (HBaR).
import { map } from 'rxjs'
import { enrich } from '../dsl/enrich.js'
import { rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { Phase } from '../dsl/phases.js'
import type { HasTerms, LossTerm } from '../dsl/step.js'
import { bottleneckLoss, bottleneckMatrix } from '../math/hsic.js'
import type { HasStudent } from '../training/network.js'

/** Options of {@link hsicRegularize}. */
export interface HsicRegularizeOptions {
  /** λx ≥ 0: price of what the hidden layers keep of the image. MNIST 2e-4, CIFAR-10 2e-5, CIFAR-100 5e-7. */
  readonly lambdaX: number
  /** λy ≥ 0: reward of what they keep of the label. MNIST 5e-5, CIFAR-10 1e-4, CIFAR-100 2e-6. */
  readonly lambdaY: number
  /** Phases in which the term acts. @default the retraining and plain training, as in the reference */
  readonly phases?: readonly Phase[]
}

/**
 * Adds the term `hsic`, Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l) over the activations Z_l after each ReLU; Gaussian
 * kernels with σ = 5·√d for X and Z, linear for one-hot Y. The kernels of X and Y are normalised once a minibatch.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }), hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }))
 * @throws OptionError for a negative weight
 * Source: Wang et al., "Revisiting Hilbert-Schmidt Information Bottleneck for Adversarial Robustness", NeurIPS 2021.
 */
export const hsicRegularize = ({
  lambdaX,
  lambdaY,
  phases = ['retrain', 'train'],
}: HsicRegularizeOptions): Op<HasStudent, HasTerms> => {
  if (!(lambdaX >= 0 && lambdaX < Infinity)) rejectOption('hsicRegularize', 'lambdaX >= 0', lambdaX)
  if (!(lambdaY >= 0 && lambdaY < Infinity)) rejectOption('hsicRegularize', 'lambdaY >= 0', lambdaY)
  const term: LossTerm = {
    name: 'hsic',
    phases,
    bind: ({ images, labels }) => {
      const matrix = bottleneckMatrix(images, labels, { lambdaX, lambdaY })
      return ({ hidden }) => bottleneckLoss(hidden, matrix)
    },
  }
  // Two zero weights switch the term off: nothing is computed, and no zero is reported as a loss.
  const terms = lambdaX === 0 && lambdaY === 0 ? [] : [term]
  return stage(
    { stage: 'hsicRegularize', config: { lambdaX, lambdaY, phases }, needs: ['student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => enrich('hsicRegularize', step, { terms }))),
  )
}
