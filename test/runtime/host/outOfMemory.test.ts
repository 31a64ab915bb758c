import { describe, expect, test } from 'vitest'
import type { PwoaError } from '../../../src/dsl/errors.js'
import { explainMemory, fittingBatch } from '../../../src/runtime/host/outOfMemory.js'

const GIB = 2 ** 30

const raised = (actual: string): PwoaError => ({
  _tag: 'RunError',
  stage: 'cifar10',
  expected: 'to run without an exception',
  actual,
})

const oom =
  'OOM when allocating tensor with shape[128,64,32,32] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc'

describe('running out of memory', () => {
  test('is an error that names the memory, the tensor, and a batch size that should fit', () => {
    expect(explainMemory(raised(oom), { batchSize: 128, total: 8 * GIB })).toMatchObject({
      _tag: 'RunError',
      stage: 'cifar10',
      expected: 'memory for minibatches of 128 images',
      actual: 'a device whose memory of 8.0 GiB is full: no room for a tensor of 128 × 64 × 32 × 32',
      hint: expect.stringContaining('batchSize: 64'),
    })
  })

  test.each([
    'failed to allocate memory [Op:Mul]',
    'Failed copying input tensor from host to GPU: Dst tensor is not initialized.',
    'CUDA_ERROR_OUT_OF_MEMORY: out of memory',
  ])('is recognised by %s', (message) => {
    const explained = explainMemory(raised(message), { batchSize: 1, total: undefined })
    expect(explained.actual).toBe('a device whose memory is full')
    expect(explained.hint).toContain('the option engine: "tensorflow"')
  })

  test('halves until a few tensors as large as the one that failed fit', () => {
    expect(fittingBatch(oom, { batchSize: 128, total: undefined })).toBe(64)
    // 64 images: 16 MiB a tensor; four of them are as much as there is.
    expect(fittingBatch(oom, { batchSize: 128, total: 4 * 16 * 2 ** 20 })).toBe(64)
    expect(fittingBatch(oom, { batchSize: 128, total: 4 * 16 * 2 ** 20 - 1 })).toBe(32)
    expect(fittingBatch(oom, { batchSize: 128, total: 1 })).toBe(1)
    expect(fittingBatch(oom, { batchSize: 1, total: GIB })).toBeUndefined()
  })

  test('changes no other error', () => {
    for (const error of [raised('the loss is NaN'), { ...raised(oom), _tag: 'UsageError' } as const])
      expect(explainMemory(error, { batchSize: 128, total: GIB })).toBe(error)
  })
})
