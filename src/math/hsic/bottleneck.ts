/** ε of the regularised inverse. */
export const EPSILON = 1e-5

/** Width σ of the Gaussian kernel, in units of √d of d features. PwoA's code uses 5. */
export const SIGMA = 5

/** −1/(2σ²d): the factor of a squared distance in the Gaussian kernel of rows of d features. */
export const exponentOf = (features: number, sigma = SIGMA): number => -1 / (2 * sigma ** 2 * features)

/** Weights of the bottleneck: λx is the price of what layers keep of X, λy the reward for what they keep of Y. */
export interface BottleneckWeights {
  readonly lambdaX: number
  readonly lambdaY: number
  /** σ of the kernel of X. @default 5 */
  readonly sigma?: number
}
