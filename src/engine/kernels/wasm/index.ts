import type { Tf } from '../../tf.js'
import { registerMissing } from '../register.js'

/** Registers pwoa's kernels for the wasm engine, and those standard ones that it lacks. */
export const registerWasmKernels = (tf: Tf): void => registerMissing(tf, [])
