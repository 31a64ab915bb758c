import { describe, expect, test } from 'vitest'
import { type Ask, readDriver } from '../../../src/engine/gpu/nvidiaSmi.js'
import { twoGpus } from './recorded.js'

const GIB = 2 ** 30

const answering =
  (table: Partial<ReturnType<Ask>>, heading = ''): Ask =>
  (args) => ({ status: 0, stdout: args.length === 0 ? heading : '', stderr: '', ...(args.length === 0 ? {} : table) })

describe('the driver, by nvidia-smi', () => {
  test('is asked for the fields that its manual names', () => {
    const asked: (readonly string[])[] = []
    readDriver((args) => {
      asked.push(args)
      return { status: 0, stdout: twoGpus.table, stderr: '' }
    })
    expect(asked[0]).toEqual([
      '--query-gpu=index,uuid,name,memory.total,memory.free,driver_version',
      '--format=csv,noheader,nounits',
    ])
  })

  test('has a version, a CUDA version and GPUs with their memory', () => {
    expect(readDriver(answering({ stdout: twoGpus.table }, twoGpus.heading))).toEqual({
      version: '535.104.05',
      cuda: '12.2',
      gpus: [
        {
          index: 0,
          uuid: 'GPU-5fb2f8a4-7d0c-4d52-8d1e-2b0f3c1a9e77',
          name: 'NVIDIA A100-SXM4-80GB',
          memory: 80 * GIB,
          free: 79 * GIB,
        },
        {
          index: 1,
          uuid: 'GPU-0c9e2d11-31aa-4c0b-9b43-7a6f5e4d3c2b',
          name: 'NVIDIA A100-SXM4-80GB',
          memory: 80 * GIB,
          free: 0.5 * GIB,
        },
      ],
    })
  })

  test('names its CUDA version otherwise since 590, and shared memory has no size', () => {
    const table = '0, GPU-1, NVIDIA GB10, [N/A], [N/A], 590.44.01\n'
    const driver = readDriver(answering({ stdout: table }, '| KMD Version: 590.44.01     CUDA UMD Version: 13.1 |'))
    expect(driver).toEqual({
      version: '590.44.01',
      cuda: '13.1',
      gpus: [{ index: 0, uuid: 'GPU-1', name: 'NVIDIA GB10', memory: undefined, free: undefined }],
    })
  })

  test.each([
    [{ stdout: 'No devices were found\n', status: 6 }, 'nvidia-smi says "No devices were found"'],
    [
      {
        stdout:
          "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
        status: 9,
      },
      "couldn't communicate with the NVIDIA driver",
    ],
    [{ stderr: 'Failed to initialize NVML: Driver/library version mismatch\n', status: 18 }, 'version mismatch'],
    [{ status: null, error: Object.assign(new Error('spawn'), { code: 'ENOENT' }) }, 'no NVIDIA driver'],
    [
      { status: null, error: Object.assign(new Error('spawnSync ETIMEDOUT'), { code: 'ETIMEDOUT' }) },
      'does not answer',
    ],
    [{ stdout: '', status: 0 }, 'it said nothing'],
  ])('that is missing or broken is one sentence: %j', (said, sentence) => {
    expect(readDriver(answering(said))).toEqual({ trouble: expect.stringContaining(sentence) })
  })
})
