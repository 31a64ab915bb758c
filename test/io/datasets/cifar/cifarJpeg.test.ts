import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cifar10 } from '../../../../src/io/datasets/cifar/cifar.js'
import { needing, publicCifar, shared } from '../../../support/needs.js'
import { unwrap } from '../../results.js'

const ARCHIVE = shared('data/cifar10/cifar10-jpeg.tar.xz')
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pwoa-jpeg-'))
  vi.stubEnv('PWOA_CACHE', join(folder, 'cache'))
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('CIFAR-10 (JPEG)', needing(publicCifar), () => {
  it('thirty of its images have exactly the pixels that Pillow 13.0.0 reads', async () => {
    const root = join(folder, 'data')
    mkdirSync(root)
    const names = CLASSES.flatMap((name) => [
      `train/${name}/0000.jpg`,
      `train/${name}/0001.jpg`,
      `test/${name}/0000.jpg`,
    ])
    execFileSync('tar', ['-xf', ARCHIVE, '-C', root, ...names])
    const context = { dataDir: root, seed: 0, signal: new AbortController().signal }
    const data = unwrap(await cifar10().open(context)())
    expect(data).toMatchObject({ name: 'CIFAR-10 (JPEG)', origin: 'recompressed', classes: 10 })
    expect([...data.train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    // Hashes of numpy.asarray(Image.open(file).convert('RGB')): the first of each class, then the second of each class.
    expect(sha256(data.train.images)).toBe('5a17402f1a86ba026f675217f61d1a6cf3012bbc948b4caa234f8a6ad94fa47a')
    expect(sha256(data.test.images)).toBe('ed1e8d73090be98b5cf956f8d00b9cd582294db58a43bdb53e8123178c57f321')
  })
})
