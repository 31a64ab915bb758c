import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseGpu, type GpuFacts, LEAST_DRIVER } from '../../../src/engine/gpu/chooseGpu.js'
import type { Driver, Gpu } from '../../../src/engine/gpu/nvidiaSmi.js'
import { gpuEnvironment } from '../../../src/engine/load/native.js'
import { gpuFinding } from '../../../src/runtime/doctor/gpuFinding.js'

const GIB = 2 ** 30

const gpu = (index: number, free: number | undefined): Gpu => ({
  index,
  uuid: `GPU-${index}${index}-uuid`,
  name: `GPU ${index}`,
  memory: 24 * GIB,
  free,
})

const withDriver = (gpus: readonly Gpu[], version = '535.104.05'): Driver => ({ version, cuda: '12.2', gpus })

const facts = (given: Partial<GpuFacts> = {}): GpuFacts => ({
  platform: 'linux',
  arch: 'x64',
  cuda: { state: 'whole', stamp: { tfjsNode: '4', source: 'wheel', libtensorflow: '2.15.1' } },
  visible: undefined,
  driver: () => withDriver([gpu(0, 20 * GIB), gpu(1, 20 * GIB)]),
  ...given,
})

const reasonOf = (given: Partial<GpuFacts>): string => {
  const choice = chooseGpu(facts(given))
  return 'reason' in choice ? choice.reason : ''
}

const chosen = (given: Partial<GpuFacts>): readonly [number, string] | string => {
  const choice = chooseGpu(facts(given))
  return 'reason' in choice ? choice.reason : [choice.gpu.index, choice.visible]
}

describe('the GPU of a process', () => {
  test('is the first with enough free memory', () => {
    expect(chosen({})).toEqual([0, '0'])
    expect(chosen({ driver: () => withDriver([gpu(0, GIB / 2), gpu(1, 20 * GIB)]) })).toEqual([1, '1'])
    expect(chosen({ driver: () => withDriver([gpu(0, undefined)]) })).toEqual([0, '0'])
  })

  test('is one that CUDA_VISIBLE_DEVICES leaves, by number or by the beginning of its UUID, in that order', () => {
    expect(chosen({ visible: '1' })).toEqual([1, '1'])
    expect(chosen({ visible: '1,0' })).toEqual([1, '1'])
    expect(chosen({ visible: ' GPU-11-u , 0' })).toEqual([1, 'GPU-11-u'])
    expect(chosen({ visible: '0,7,1' })).toEqual([0, '0'])
  })

  test.each([
    [{ platform: 'darwin', arch: 'arm64' }, 'CUDA runs on Linux on x64 only, not on darwin arm64'],
    [{ platform: 'win32' }, 'CUDA runs on Linux on x64 only, not on win32 x64'],
    [{ cuda: { state: 'absent' } }, 'is not installed; npx pwoa-setup --gpu brings it'],
    [{ cuda: { state: 'begun' } }, 'is half installed; npx pwoa-setup --gpu goes on with it'],
    [{ cuda: { state: 'damaged', file: '/c/libcudnn.so.8' } }, '/c/libcudnn.so.8 is missing or cut short'],
    [{ driver: () => ({ trouble: "no NVIDIA driver: its command nvidia-smi isn't here" }) }, 'no NVIDIA driver'],
    [{ driver: () => withDriver([gpu(0, GIB)], '470.57.02') }, `470.57.02 is too old: CUDA 12 needs ${LEAST_DRIVER}`],
    [{ visible: '' }, 'CUDA_VISIBLE_DEVICES="" hides all GPUs'],
    [{ visible: '-1' }, 'CUDA_VISIBLE_DEVICES="-1" hides all GPUs'],
    [{ driver: () => withDriver([gpu(0, GIB / 2)]) }, 'GPU 0 has 0.5 GiB of 24.0 GiB free, and at least 1.0 GiB'],
  ] satisfies readonly (readonly [Partial<GpuFacts>, string])[])(
    'is missing for a reason, in one sentence: %o',
    (given, sentence) => {
      expect(reasonOf(given)).toContain(sentence)
      expect(reasonOf(given)).not.toMatch(/\n|\. [A-Z]/)
    },
  )

  test('needs a driver whose numbers are not less than the least, in order', () => {
    const least = LEAST_DRIVER.split('.').map(Number)
    const isLess = (version: readonly number[]): boolean => {
      const at = version.findIndex((part, i) => part !== least[i])
      return at >= 0 && (version[at] ?? 0) < (least[at] ?? 0)
    }
    const part = (i: number) => fc.integer({ min: Math.max(0, (least[i] ?? 0) - 2), max: (least[i] ?? 0) + 2 })
    fc.assert(
      fc.property(fc.tuple(part(0), part(1), part(2)), (version) => {
        const reason = reasonOf({ driver: () => withDriver([gpu(0, GIB)], version.join('.')) })
        expect(reason.includes('too old')).toBe(isLess(version))
      }),
      { seed: 26, numRuns: 60 },
    )
  })

  test('is the only one that its process sees, with variables that the user can set otherwise', () => {
    const choice = { gpu: gpu(1, GIB), visible: '1' }
    expect(gpuEnvironment(choice, { CUDA_VISIBLE_DEVICES: '0,1' })).toEqual({
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      TF_DETERMINISTIC_OPS: '1',
      NVIDIA_TF32_OVERRIDE: '0',
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      CUDA_VISIBLE_DEVICES: '1',
    })
    const own = { TF_FORCE_GPU_ALLOW_GROWTH: 'false', TF_DETERMINISTIC_OPS: '0', NVIDIA_TF32_OVERRIDE: '1' }
    expect(gpuEnvironment(choice, own)).toMatchObject(own)
  })
})

describe('pwoa-run doctor', () => {
  test('names the GPU, its memory, the driver and the CUDA version', () => {
    expect(gpuFinding(facts())).toMatchObject({
      state: 'ok',
      says: 'GPU 0, 24.0 GiB, 20.0 GiB free; driver 535.104.05, CUDA 12.2',
      facts: { library: 'whole', driver: '535.104.05', cuda: '12.2' },
    })
  })

  test('names what is missing, with advice', () => {
    expect(gpuFinding(facts({ cuda: { state: 'absent' } }))).toMatchObject({
      state: 'note',
      says: expect.stringMatching(/^GPU 0, .*CUDA 12\.2; the CUDA build of libtensorflow is not installed/),
      advice: expect.stringContaining('pwoa-setup --gpu'),
    })
    const trouble = "no NVIDIA driver: its command nvidia-smi isn't here"
    const noDriver = { driver: () => ({ trouble }) }
    expect(gpuFinding(facts(noDriver))).toMatchObject({ state: 'note', says: trouble })
    expect(gpuFinding(facts({ ...noDriver, cuda: { state: 'begun' } })).says).toContain('half installed')
  })

  test('finds nothing to do where neither a GPU nor the library is there, or no GPU is used', () => {
    const none = facts({ cuda: { state: 'absent' }, driver: () => ({ trouble: 'no NVIDIA driver' }) })
    expect(gpuFinding(none)).toMatchObject({ state: 'ok', says: 'no NVIDIA driver' })
    expect(gpuFinding(facts({ platform: 'darwin' }))).toMatchObject({ state: 'ok', says: 'not used on darwin x64' })
  })
})
