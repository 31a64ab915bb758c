import type { Tensor2D } from '@tensorflow/tfjs-core'
import { checkOptions } from '../../dsl/checkOptions.js'
import { checkAmong, checkWhole } from '../../dsl/checks.js'
import type { Attack } from '../common/attack.js'
import { onUnbroken } from '../common/attempts.js'
import { checkThreat } from '../common/checkThreat.js'
import { defineAttack } from '../common/defineAttack.js'
import { type Losses, untargeted } from '../common/losses.js'
import { type NormName, norms } from '../common/norms.js'
import { drawn } from '../common/starts.js'
import { autoPgd } from './autoPgd.js'

const losses = { ce: untargeted.ce, dlr: untargeted.dlr } satisfies Record<string, (labels: Tensor2D) => Losses>

/** Options of {@link apgd}. */
export interface ApgdOptions {
  /** Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. */
  readonly epsilon: number
  /** How a perturbation is measured. @default 'Linf' */
  readonly norm?: NormName
  /** What it maximises: cross entropy, or the difference of logits ratio. @default 'ce' */
  readonly loss?: keyof typeof losses
  /** Gradient steps of a try, ≥ 1. @default 100 */
  readonly steps?: number
  /** Tries, each from another start, on what the earlier ones left; ≥ 1. @default 1 */
  readonly restarts?: number
  /** Passes whose gradients are added up in each step, ≥ 1: more than one for randomised networks. @default 1 */
  readonly samples?: number
  /** How figures name it. @default 'apgd-ce' or 'apgd-dlr', by the loss */
  readonly name?: string
}

/**
 * Auto-PGD: projected gradient ascent with momentum, x' ← Π(x' + ¾(z − x') + ¼(x' − x'₋₁)) with z = Π(x' + η·sign g),
 * whose step η starts at 2ε and is halved at checkpoints where less than ¾ of the steps went uphill or the best loss
 * has not grown since the last one; it then goes on from the best point so far. Starts at a random point of length ε.
 *
 * @example
 * attackEval([apgd({ epsilon: 0.3, loss: 'dlr', restarts: 5 })])
 * @throws OptionError for an ε outside (0, 1] (L2: (0, 10⁶]), no steps, restarts or samples, an unknown norm or loss
 * Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020, Algorithm 1.
 */
export const apgd = (options: ApgdOptions): Attack => {
  const {
    epsilon,
    norm = 'Linf',
    loss = 'ce',
    steps = 100,
    restarts = 1,
    samples = 1,
    name = `apgd-${loss}`,
  } = checkOptions('apgd', options, {
    epsilon: true,
    norm: true,
    loss: true,
    steps: true,
    restarts: true,
    samples: true,
    name: true,
  })
  checkThreat('apgd', norm, epsilon)
  checkAmong('apgd', 'a loss', losses, loss)
  checkWhole('apgd', 'steps', steps, 1)
  checkWhole('apgd', 'restarts', restarts, 1)
  checkWhole('apgd', 'samples', samples, 1)
  const geometry = norms[norm]
  return defineAttack({
    name,
    config: { epsilon, norm, loss, steps, restarts, samples },
    norm,
    epsilon,
    weaknesses: (classes) =>
      loss === 'dlr' && classes < 3
        ? [`${name}: the difference of logits ratio needs 3 classes, here are ${classes}`]
        : [],
    perturb: (input) =>
      onUnbroken(input, restarts, (attempt) =>
        autoPgd({
          ...attempt,
          norm: geometry,
          epsilon,
          steps,
          samples,
          delta: drawn(attempt, [name, attempt.run], (out, random) => geometry.fillBoundary(out, epsilon, random)),
          objective: losses[loss],
        }),
      ),
  })
}
