/** ε of the regularised inverse. */
export const EPSILON = 1e-5

/** Width σ of the Gaussian kernel, in units of the root of the number of features: PwoA's reference takes 5. */
export const SIGMA = 5

/** What a squared distance of two rows of so many features is multiplied by in the Gaussian kernel: −1/(2σ²d). */
export const exponentOf = (features: number, sigma = SIGMA): number => -1 / (2 * sigma ** 2 * features)

/** Weights of the bottleneck: what the layers keep of X costs λx, what they keep of Y earns λy. */
export interface BottleneckWeights {
  readonly lambdaX: number
  readonly lambdaY: number
  /** σ of the kernel of X. @default 5 */
  readonly sigma?: number
}
