import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readStamp } from '../../../scripts/engineCache.mjs'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { type Need, needing } from '../../support/needs.js'

/** An engine that the user has installed is preferred to all others. */
const noEngineOfTheUser: Need = {
  name: 'checkout without its own @tensorflow/tfjs-node',
  isThere: () => {
    try {
      createRequire(import.meta.url).resolve('@tensorflow/tfjs-node')
      return false
    } catch {
      return true
    }
  },
}

const nativeEngine: Need = { name: 'native engine', isThere: () => readStamp() !== undefined }

const freshEngine = async () => {
  vi.resetModules()
  const { loadEngine } = await import('../../../src/engine/load/loadEngine.js')
  const binding = await import('../../../src/engine/tf.js')
  return { loadEngine, binding }
}

const thrownBy = async (action: () => Promise<unknown>): Promise<unknown> => {
  try {
    await action()
    return undefined
  } catch (error) {
    return error
  }
}

const sumOfProduct = (tf: Awaited<ReturnType<typeof freshEngine>>['binding']['tf']): number =>
  tf.tidy(() => Number(tf.sum(tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]))).dataSync()[0]))

describe('before an engine is loaded', () => {
  it('tf throws an error that names the solution', async () => {
    const { binding } = await freshEngine()
    expect(() => binding.tf.add(1, 2)).toThrow(/loadEngine\(\)/)
  })
})

describe('if the native engine is not installed', needing(noEngineOfTheUser), () => {
  let cache = ''
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'pwoa-load-'))
    vi.stubEnv('PWOA_CACHE', cache)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(cache, { recursive: true })
  })

  it('auto loads wasm and gives the reason', async () => {
    const { loadEngine, binding } = await freshEngine()
    const info = await loadEngine('auto')
    expect(info.name).toBe('wasm')
    expect(info.reason).toMatch(/not installed; run npx pwoa-setup/)
    expect(info.description).toBe(`engine: wasm (portable, slower): ${info.reason}`)
    expect(sumOfProduct(binding.tf)).toBe(11)
  })

  it('asking for tensorflow is a clear error', async () => {
    const { loadEngine } = await freshEngine()
    const error = await thrownBy(() => loadEngine('tensorflow'))
    // By name, because the fresh modules have another copy of the class.
    expect(error).toMatchObject({
      name: PwoaFailure.name,
      error: { _tag: 'OptionError', stage: 'engine', actual: expect.stringMatching(/not installed/) },
    })
  })

  it('asking for a GPU is a clear error that says what is missing first', async () => {
    const { loadEngine } = await freshEngine()
    const error = await thrownBy(() => loadEngine('gpu'))
    expect(error).toMatchObject({
      name: PwoaFailure.name,
      error: {
        _tag: 'OptionError',
        stage: 'engine',
        actual: expect.stringMatching(/^gpu: (CUDA runs on Linux|the CUDA build of libtensorflow is not installed)/),
        hint: expect.stringContaining('pwoa-run doctor'),
      },
    })
  })

  it('auto mentions no GPU unless the CUDA build was asked for, and then what is missing', async () => {
    expect((await (await freshEngine()).loadEngine('auto')).description).not.toContain('GPU')
  })

  it('asking for wasm gives no reason', async () => {
    const { loadEngine } = await freshEngine()
    expect(await loadEngine('wasm')).toEqual({ name: 'wasm', description: 'engine: wasm (portable, slower)' })
  })
})

describe('if the native engine is installed', needing(nativeEngine), () => {
  it('auto loads it, and the two engines can be used alternately', async () => {
    const { loadEngine, binding } = await freshEngine()
    for (const [choice, name] of [
      ['auto', 'tensorflow'],
      ['wasm', 'wasm'],
      ['tensorflow', 'tensorflow'],
    ] as const) {
      const info = await loadEngine(choice)
      expect(info.name).toBe(name)
      expect(binding.tf.getBackend()).toBe(name)
      expect(sumOfProduct(binding.tf)).toBe(11)
    }
  })

  it('prints nothing', async () => {
    const written: unknown[] = []
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(chunk) > 0)
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => written.push(chunk) > 0)
    const { loadEngine } = await freshEngine()
    await loadEngine('auto')
    await loadEngine('wasm')
    stdout.mockRestore()
    stderr.mockRestore()
    expect(written).toEqual([])
  })
})
