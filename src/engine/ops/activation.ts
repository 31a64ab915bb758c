/** Activations that are fused into the layer before them. */
export type Activation = 'linear' | 'relu'
