/**
 * Element-wise functions of activations as data, except max(0, x), which is its own layer (`relu`). Names follow
 * PyTorch's modules.
 */
export type Nonlinearity =
  | { readonly type: 'silu' }
  | { readonly type: 'gelu'; readonly approximate: 'none' | 'tanh' }
  | { readonly type: 'leakyRelu'; readonly slope: number }
  | { readonly type: 'elu'; readonly alpha: number }
  | { readonly type: 'softplus'; readonly beta: number }
  | { readonly type: 'sigmoid' }
  | { readonly type: 'tanh' }
  | { readonly type: 'relu6' }
  | { readonly type: 'hardSigmoid' }
  | { readonly type: 'hardSwish' }
  | { readonly type: 'mish' }
