import type { Activation } from '../../ops/activation.js'

/** Below which no element of a result with this activation lies: how the module's kernels are told of it. */
export const leastOf = (activation: Activation): number => (activation === 'relu' ? 0 : -Infinity)
