import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { registerWasmKernels } from '../kernels/wasm/index.js'
import { loadModule } from '../kernels/wasm/module.js'
import type { WasmBackend } from '../kernels/wasm/wasmBackend.js'
import type { Tf } from '../tf.js'
import type { LoadedEngine } from './native.js'
import { quietly } from './quietly.js'

const FATAL_EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/** Removes process-wide handlers that `action` adds: the wasm module's turn every unhandled rejection into an abort. */
const keepingFatalHandlers = async <T>(action: () => Promise<T>): Promise<T> => {
  const before = new Set(FATAL_EVENTS.flatMap((event) => process.rawListeners(event)))
  const result = await action()
  for (const event of FATAL_EVENTS) {
    for (const listener of process.rawListeners(event)) {
      if (!before.has(listener)) process.off(event, listener as () => void)
    }
  }
  return result
}

/** Loads the wasm engine: one thread in Node, with SIMD if the machine has it. */
export const loadPortable = async (): Promise<LoadedEngine> => {
  const require = createRequire(import.meta.url)
  const tf: Tf = quietly(() => require('@tensorflow/tfjs-core'))
  // The core alone has no gradients: `scripts/gradients.mjs` builds what registers them.
  quietly(() => require('../../../dist/tensorflow/gradients.cjs'))
  const path = require.resolve('@tensorflow/tfjs-backend-wasm')
  const wasm: typeof import('@tensorflow/tfjs-backend-wasm') = quietly(() => require(path))
  wasm.setWasmPaths(`${dirname(path)}${sep}`)
  await keepingFatalHandlers(async () => {
    await tf.setBackend('wasm')
    await tf.ready()
  })
  const kernels = await readFile(new URL('../../../assembly/pwoa.wasm', import.meta.url))
  registerWasmKernels(tf, await loadModule(tf.backend() as WasmBackend, kernels))
  return { tf, description: 'engine: wasm (portable, slower)' }
}
