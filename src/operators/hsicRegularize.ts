// The HSIC bottleneck on hidden activations. Paper: Sec. III-C, eq. 7 (HBaR).
import { map } from 'rxjs'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { number } from '../dsl/options/kinds.js'
import { phasesOption } from '../dsl/options/languageTypes.js'
import { enrich } from '../dsl/stages/enrich.js'
import type { HasTerms, LossTerm } from '../dsl/step.js'
import { bottleneckLoss, bottleneckMatrix } from '../math/hsic/hsic.js'
import { bottleneckInGraph } from '../math/hsic/hsicInGraph.js'
import type { HasStudent } from '../training/network/network.js'
import { termInGraph } from '../training/step/inGraph.js'
import { hiddenChoice, hiddenFields } from '../training/views/hiddenChoice.js'

const STAGE = 'hsicRegularize'

/** What {@link hsicRegularize} takes. */
export const hsicRegularizeOptions = declareOptions(STAGE, {
  /** λx ≥ 0: price of information about the image. MNIST 2e-4, CIFAR-10 2e-5, CIFAR-100 5e-7. */
  lambdaX: number({ least: 0 }),
  /** λy ≥ 0: reward for information about the label. MNIST 5e-5, CIFAR-10 1e-4, CIFAR-100 2e-6. */
  lambdaY: number({ least: 0 }),
  /** Phases in which the term acts. @default ['retrain', 'train'], as in the reference */
  phases: phasesOption().default(['retrain', 'train']),
  ...hiddenFields,
})

/** Options of {@link hsicRegularize}. */
export interface HsicRegularizeOptions extends OptionsOf<typeof hsicRegularizeOptions> {}

/**
 * Adds the term `hsic`, Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l) over the activations Z_l after each ReLU or other
 * element-wise function, or over the chosen ones; Gaussian kernels with σ·√d for X and Z, linear for one-hot Y. The
 * kernels of X and Y are normalised once per minibatch.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(
 *   loadTeacher('t.pth', { architecture: 'mnistNet' }), hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }))
 * @throws OptionError for a negative weight, σ ≤ 0, no layers, or (when the run starts) a layer that the student lacks
 * Source: Wang et al., "Revisiting Hilbert-Schmidt Information Bottleneck for Adversarial Robustness", NeurIPS 2021.
 */
export const hsicRegularize = (options: HsicRegularizeOptions): Op<HasStudent, HasTerms> => {
  const read = hsicRegularizeOptions.read(options)
  const { lambdaX, lambdaY, phases } = read
  const choiceIn = hiddenChoice(STAGE, read)
  const key = JSON.stringify({ hsic: read })
  const termFor = ({ student }: HasStudent): LossTerm => {
    const choice = choiceIn(student.architecture)
    const term: LossTerm = {
      name: 'hsic',
      phases,
      bind: ({ images, labels }) => {
        const matrix = bottleneckMatrix(images, labels, { lambdaX, lambdaY, sigma: choice.sigma })
        return ({ hidden }) => bottleneckLoss(choice.of(hidden), matrix, choice.sigmas)
      },
    }
    const build = bottleneckInGraph({ lambdaX, lambdaY, sigma: choice.sigma }, choice)
    return termInGraph(term, () => ({ key, build, feeds: {} }))
  }
  // Two zero weights switch the term off: nothing is computed, and no zero is reported as a loss.
  const isOff = lambdaX === 0 && lambdaY === 0
  return stage(
    { stage: STAGE, config: hsicRegularizeOptions.config(read), needs: ['student'], adds: ['terms'] },
    (source) => source.pipe(map((step) => enrich(STAGE, step, { terms: isOff ? [] : [termFor(step)] }))),
  )
}
