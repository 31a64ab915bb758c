/**
 * Before every engine test: loads the engine that the test project is for. With `PWOA_TEST_DEVICE=gpu`, the native engine
 * computes on the GPU. With `PWOA_TEST_RULES=gpu` alone it runs on the processor as on a GPU, except for what the library
 * itself does differently there.
 */
import { beforeAll } from 'vitest'
import { deviceRules, useRules } from '../../src/engine/device.js'
import { loadEngine } from '../../src/engine/load/loadEngine.js'

const nativeChoice = process.env.PWOA_TEST_DEVICE === 'gpu' ? 'gpu' : 'tensorflow'

beforeAll(async () => {
  const { name } = await loadEngine(process.env.PWOA_ENGINE === 'tensorflow' ? nativeChoice : 'wasm')
  if (name === 'tensorflow' && process.env.PWOA_TEST_RULES === 'gpu')
    useRules({ ...deviceRules.gpu, reserved: deviceRules.cpu.reserved })
})
