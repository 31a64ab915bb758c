import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { movedRun } from '../../../src/runtime/checkpoints/otherDevice.js'

const a100 = 'gpu (NVIDIA A100-SXM4-80GB)'
const t4 = 'gpu (Tesla T4)'

const said = (begun: string, now: string, resumeOn?: 'same' | 'any'): string | undefined => {
  const moved = movedRun(begun, now, resumeOn === undefined ? {} : { resumeOn })
  return isLeft(moved) ? `refused: expected ${moved.left.expected}` : moved.right
}

describe('a resumed run', () => {
  test('says nothing on the engine and device where it began', () => {
    for (const engine of ['wasm', 'tensorflow', a100]) expect(said(engine, engine)).toBeUndefined()
  })

  test('moves between processors with a warning', () => {
    expect(said('wasm', 'tensorflow')).toBe('begun on wasm: figures may differ a little')
  })

  test('moves to, from and between GPUs only if it was asked to, and with a warning', () => {
    for (const [begun, now] of [
      [a100, 'tensorflow'],
      ['tensorflow', a100],
      [a100, t4],
    ] as const) {
      expect(said(begun, now)).toBe(`refused: expected the device that the run began on, ${begun}`)
      expect(said(begun, now, 'same')).toContain('refused')
      expect(said(begun, now, 'any')).toBe(`begun on ${begun}: figures may differ a little`)
    }
  })
})
