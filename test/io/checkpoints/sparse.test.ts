/** Pruned networks in files that store no zeros: they are read back bit for bit. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { describeError } from '../../../src/dsl/errors.js'
import { readCheckpoint } from '../../../src/io/checkpoints/readCheckpoint.js'
import { encodeSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import { describeSparse, encodeSparse, expandSparse } from '../../../src/io/checkpoints/sparse.js'
import { ReadBudget } from '../../../src/io/files/readBudget.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { selfDescribed } from '../../../src/models/parameters/selfDescribed.js'
import { resnet18 } from '../../../src/models/zoo/resnet.js'
import { mnistNet } from '../../../src/models/zoo/zoo.js'
import { modelFiles } from '../../../src/training/network/modelFiles.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { pruningTask } from '../../../src/training/pruning/pruningTask.js'
import { normalised } from '../../models/fixtures.js'
import { tinyData } from '../../support/context.js'
import { seededNetwork } from '../../support/randomNetworks.js'

const place = { stage: 'test', file: 'net.safetensors' }

const checkpoint = (packed: Uint8Array, shape: readonly number[], bits: 'kept' | 'nonZero' = 'nonZero') => ({
  tensors: new Map([['w', { shape: [packed.length], data: Float32Array.from(packed) }]]),
  metadata: { sparse: describeSparse(new Map([['w', shape]]), bits) },
})

const fileOf = (name: string, bytes: Uint8Array): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-sparse-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, name)
  writeFileSync(file, bytes)
  return file
}

describe('a sparse tensor', () => {
  it('is read back bit for bit, with any numbers', () => {
    // Zeros of both signs, subnormal numbers and NaN.
    const number = fc.oneof(fc.constant(0), fc.constant(-0), fc.float())
    fc.assert(
      fc.property(fc.array(number, { maxLength: 70 }), (numbers) => {
        const values = Float32Array.from(numbers)
        const back = expandSparse(place, checkpoint(encodeSparse(values), [values.length]), new ReadBudget(0))
        if (isLeft(back)) throw new Error(describeError(back.left))
        const data = back.right.tensors.get('w')?.data ?? new Float32Array(0)
        expect(new Uint32Array(data.buffer)).toEqual(new Uint32Array(values.buffer))
        expect(back.right.metadata).toEqual({})
      }),
      { seed: 6, numRuns: 300 },
    )
  })

  it.each([
    ['no bytes', checkpoint(new Uint8Array(0), [8]), 'sparse tensor "w" of at most 33 bytes, deflated'],
    [
      'one number too few',
      checkpoint(deflateRawSync(Uint8Array.of(3, 0, 0, 0, 0)), [8]),
      '9 bytes in sparse tensor "w"',
    ],
    ['much more than it says', checkpoint(deflateRawSync(new Uint8Array(1e6)), [8]), 'of at most 33 bytes, deflated'],
    ['another size', checkpoint(encodeSparse(new Float32Array(8)), [99]), '13 bytes in sparse tensor "w"'],
    ['a huge shape', checkpoint(encodeSparse(new Float32Array(8)), [1e9, 1e9]), 'a shape of sparse tensor "w"'],
    [
      'more numbers than any network of that size',
      checkpoint(deflateRawSync(new Uint8Array(2 ** 26)), [2 ** 29]),
      'read with at most 512 MiB of memory, got one that needs 2113 MiB or more, for sparse tensor "w" of shape [536870912]',
    ],
    [
      'a name that is there twice',
      {
        ...checkpoint(encodeSparse(new Float32Array(8)), [8]),
        metadata: { sparse: '{"shapes":{"w":[4],"w":[8]},"bits":"kept"}' },
      },
      'each name once among sparse tensors, got "w" twice',
    ],
    ['half a shape', checkpoint(encodeSparse(new Float32Array(8)), [0.5]), 'a shape of sparse tensor "w"'],
    ['no tensor', { ...checkpoint(new Uint8Array(0), [8]), tensors: new Map() }, 'a sparse tensor "w", got none'],
    ['other text', { tensors: new Map(), metadata: { sparse: '[' } }, 'shapes and bits of sparse tensors'],
  ] as const)('of %s is refused', (_what, given, expected) => {
    const read = expandSparse(place, given, new ReadBudget(0))
    expect(isLeft(read) && describeError(read.left)).toContain(expected)
    expect(isLeft(read) && read.left._tag).toBe('FileError')
  })
})

describe('an irregular network', () => {
  const pruned = (net: Architecture, rate: number) => {
    const { weights, statistics } = seededNetwork(net)
    const mask = maskOf(net, weights, pruningTask('test', net, 'irregular', rate, []))
    return { architecture: net, weights: weights.map((value, i) => (mask[i] === 1 ? value : 0)), statistics, mask }
  }

  const filesOf = (name: string, network: Parameters<typeof modelFiles>[1]) => {
    const files = modelFiles(name, network, tinyData)
    if (isLeft(files)) throw new Error(describeError(files.left))
    return files.right.files
  }

  const readBack = async (name: string, network: Parameters<typeof modelFiles>[1]) => {
    const file = fileOf(name, filesOf(name, network).get(name) ?? new Uint8Array(0))
    const read = await readCheckpoint(file)()
    if (isLeft(read)) throw new Error(describeError(read.left))
    const back = selfDescribed('test', file, read.right)
    if (isLeft(back)) throw new Error(describeError(back.left))
    return back.right
  }

  it.each([
    ['mnistNet', mnistNet],
    ['a ResNet-18', resnet18({ width: 8 })],
    ['all kinds of layers', normalised],
  ] as const)('%s is read back unchanged, and needs no other description', async (_name, net) => {
    const network = pruned(net, 4)
    // A weight that is kept and happens to be 0.
    const kept = network.mask.indexOf(1)
    network.weights[kept] = 0
    const back = await readBack('net.sparse.safetensors', network)
    expect(back.weights).toEqual(network.weights)
    expect(back.statistics).toEqual(network.statistics)
    expect(back.mask).toEqual(network.mask)
    expect(back.architecture.name).toBe(net.name)
  })

  it('without a mask is read without one', async () => {
    const { mask: _mask, ...network } = pruned(mnistNet, 4)
    const back = await readBack('net.sparse.safetensors', { ...network, mask: undefined })
    expect(back.weights).toEqual(network.weights)
    expect(back.mask).toBeUndefined()
  })

  it.each([
    [2, 1.8],
    [4, 3.8],
    [16, 14],
  ])('pruned %d times is a single file, more than %d times smaller than the dense file', (rate, times) => {
    const network = pruned(mnistNet, rate)
    const dense = filesOf('net.safetensors', { ...network, mask: undefined }).get('net.safetensors')?.length ?? 0
    const files = filesOf('net.sparse.safetensors', network)
    expect([...files.keys()]).toEqual(['net.sparse.safetensors'])
    expect(dense / (files.get('net.sparse.safetensors')?.length ?? 0)).toBeGreaterThan(times)
  })

  it('damaged on disk is refused; the error names the file', async () => {
    const encoded = encodeSafetensors(
      new Map([['w', { shape: [2], data: Uint8Array.of(255, 255) }]]),
      checkpoint(new Uint8Array(0), [4]).metadata,
    )
    if (isLeft(encoded)) throw new Error(describeError(encoded.left))
    const file = fileOf('damaged.safetensors', encoded.right)
    expect(await readCheckpoint(file)()).toMatchObject({ left: { _tag: 'FileError', file } })
  })
})
