/** Which network a file is read as, if its user names none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { valueOf } from '../../../src/dsl/errors.js'
import { architecture, flatten, linear } from '../../../src/index.js'
import { encodeSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { describeArchitecture } from '../../../src/models/architecture/description.js'
import { parametersOf } from '../../../src/models/parameters/parameters.js'
import { statisticsOf } from '../../../src/models/parameters/statistics.js'
import { resnet18 } from '../../../src/models/zoo/resnet.js'
import { cifarNet, mnistNet } from '../../../src/models/zoo/zoo.js'
import { readNetworkFile } from '../../../src/training/network/networkFile.js'

/** A file of a network's tensors, all 1, and what else is written into it. */
const fileOf = (network: Architecture, metadata: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-network-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const shapes = [
    ...parametersOf(network).map(({ name, torchShape }) => ({ name, shape: torchShape })),
    ...statisticsOf(network).map(({ name, size }) => ({ name, shape: [size] })),
  ]
  const tensors = new Map(
    shapes.map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1) },
    ]),
  )
  const file = join(folder, 'network.safetensors')
  writeFileSync(file, valueOf(encodeSafetensors(tensors, metadata)))
  return file
}

const unnamed = { architecture: undefined, normalisation: undefined, key: undefined, readBudget: 1 }
const read = (file: string, choices: Partial<Parameters<typeof readNetworkFile>[2]> = {}) =>
  readNetworkFile('loadTeacher', file, { ...unnamed, ...choices })

describe('a file of tensors alone', () => {
  test('is read as the only network with a name that it fits, of its own sizes, and says so', async () => {
    const { architecture: found, warnings } = await read(fileOf(resnet18({ width: 4, classes: 7 })))
    expect(found).toEqual(resnet18({ width: 4, classes: 7 }))
    expect(warnings[0]).toBe(
      `it is read as ${found.name}, the only network with a name whose tensors it has; the option architecture names another`,
    )
    // How its images were normalised is not in the tensors either.
    expect(warnings[1]).toContain('does not say how its images were normalised')
  })

  test('is said to be read with the normalisation that the network brings', async () => {
    const { warnings } = await read(fileOf(cifarNet))
    expect(warnings).toEqual([
      expect.stringContaining(
        'cifarNet, the only network with a name whose tensors it has, with the normalisation mean 0.485 0.456 0.406',
      ),
    ])
  })

  test('is read without a word as a network that is named', async () => {
    expect((await read(fileOf(mnistNet), { architecture: 'mnistNet' })).warnings).toEqual([])
  })

  test('of no network with a name is refused', async () => {
    const other = architecture('mine', { height: 4, width: 4, channels: 1 }, [flatten(), linear('mine', { out: 3 })])
    await expect(read(fileOf(other))).rejects.toMatchObject({
      error: {
        _tag: 'FileError',
        expected: 'a file that describes its network',
        hint: expect.stringContaining('Name its architecture'),
      },
    })
  })
})

describe('a file that describes its network', () => {
  const described = () => fileOf(mnistNet, { description: describeArchitecture(mnistNet) })

  test('is read as it says', async () => {
    const { architecture: found, warnings } = await read(described())
    expect([describeArchitecture(found), warnings]).toEqual([describeArchitecture(mnistNet), []])
  })

  test('is refused under another name, with the way out', async () => {
    await expect(read(described(), { architecture: 'lenet5' })).rejects.toMatchObject({
      error: {
        hint: expect.stringContaining('The file describes its own network: leave out the architecture to read it.'),
      },
    })
  })
})
