/** Before every engine test: loads the engine that the test project is for. */
import { beforeAll } from 'vitest'
import { loadEngine } from '../../src/engine/load/loadEngine.js'

beforeAll(async () => {
  await loadEngine(process.env.PWOA_ENGINE === 'tensorflow' ? 'tensorflow' : 'wasm')
})
