/**
 * Before every engine test: loads the engine that the test project is for. With `PWOA_TEST_RULES=gpu`, the native engine
 * runs as it does on a GPU, except for what the library itself does differently there.
 */
import { beforeAll } from 'vitest'
import { deviceRules, useRules } from '../../src/engine/device.js'
import { loadEngine } from '../../src/engine/load/loadEngine.js'

beforeAll(async () => {
  await loadEngine(process.env.PWOA_ENGINE === 'tensorflow' ? 'tensorflow' : 'wasm')
  if (process.env.PWOA_TEST_RULES === 'gpu') useRules({ ...deviceRules.gpu, reserved: deviceRules.cpu.reserved })
})
