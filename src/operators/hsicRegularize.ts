// The HSIC bottleneck on hidden activations. Paper: Sec. III-C, eq. 7 (HBaR).
import { map } from 'rxjs'
import { checkOptions } from '../dsl/checkOptions.js'
import { checkAtLeast } from '../dsl/checks.js'
import { enrich } from '../dsl/enrich.js'
import { type Op, stage } from '../dsl/op.js'
import type { Phase } from '../dsl/phases.js'
import type { HasTerms, LossTerm } from '../dsl/step.js'
import { bottleneckLoss, bottleneckMatrix } from '../math/hsic/hsic.js'
import type { HasStudent } from '../training/network/network.js'
import { type HiddenOptions, hiddenChoice } from '../training/views/hiddenChoice.js'

/** Options of {@link hsicRegularize}. */
export interface HsicRegularizeOptions extends HiddenOptions {
  /** λx ≥ 0: price of what the hidden layers keep of the image. MNIST 2e-4, CIFAR-10 2e-5, CIFAR-100 5e-7. */
  readonly lambdaX: number
  /** λy ≥ 0: reward of what they keep of the label. MNIST 5e-5, CIFAR-10 1e-4, CIFAR-100 2e-6. */
  readonly lambdaY: number
  /** Phases in which the term acts. @default the retraining and plain training, as in the reference */
  readonly phases?: readonly Phase[]
}

/**
 * Adds the term `hsic`, Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l) over the activations Z_l after each ReLU, or those
 * chosen; Gaussian kernels with σ·√d for X and Z, linear for one-hot Y. The kernels of X and Y are normalised once a
 * minibatch.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }), hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }))
 * @throws OptionError for a negative weight, σ ≤ 0, no layers, or a layer that the student has not
 * Source: Wang et al., "Revisiting Hilbert-Schmidt Information Bottleneck for Adversarial Robustness", NeurIPS 2021.
 */
export const hsicRegularize = (options: HsicRegularizeOptions): Op<HasStudent, HasTerms> => {
  const {
    lambdaX,
    lambdaY,
    phases = ['retrain', 'train'],
    layers,
    sigma,
  } = checkOptions(STAGE, options, { lambdaX: true, lambdaY: true, phases: true, layers: true, sigma: true })
  checkAtLeast(STAGE, 'lambdaX', lambdaX, 0)
  checkAtLeast(STAGE, 'lambdaY', lambdaY, 0)
  const chosen = { ...(layers ? { layers } : {}), ...(sigma === undefined ? {} : { sigma }) }
  const choiceIn = hiddenChoice(STAGE, chosen)
  const termFor = ({ student }: HasStudent): LossTerm => {
    const choice = choiceIn(student.architecture)
    return {
      name: 'hsic',
      phases,
      bind: ({ images, labels }) => {
        const matrix = bottleneckMatrix(images, labels, { lambdaX, lambdaY, sigma: choice.sigma })
        return ({ hidden }) => bottleneckLoss(choice.of(hidden), matrix, choice.sigmas)
      },
    }
  }
  // Two zero weights switch the term off: nothing is computed, and no zero is reported as a loss.
  const isOff = lambdaX === 0 && lambdaY === 0
  return stage(
    { stage: STAGE, config: { lambdaX, lambdaY, phases, ...chosen }, needs: ['student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => enrich(STAGE, step, { terms: isOff ? [] : [termFor(step)] }))),
  )
}

const STAGE = 'hsicRegularize'
