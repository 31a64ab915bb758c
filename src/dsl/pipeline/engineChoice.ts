/**
 * The engines by name: `gpu` is TensorFlow on a GPU, `tensorflow` on the processor. `auto` is the first of `gpu`,
 * `tensorflow` and `wasm` that loads.
 */
export const engineChoices = ['auto', 'gpu', 'tensorflow', 'wasm'] as const

/** An engine by name, or `auto`. */
export type EngineChoice = (typeof engineChoices)[number]
