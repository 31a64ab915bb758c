import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { drawInspection } from '../../../src/cli/draw/drawInspection.js'
import { colorsFor } from '../../../src/cli/draw/terminal.js'
import { valueOf } from '../../../src/dsl/errors.js'
import { encodeOnnx } from '../../../src/io/checkpoints/onnx/encodeOnnx.js'
import { encodeSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { describeArchitecture } from '../../../src/models/architecture/description.js'
import { describeMask } from '../../../src/models/parameters/masks.js'
import { parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { freshStatistics } from '../../../src/models/parameters/statistics.js'
import { type NamedTensors, unpackStatistics, unpackWeights } from '../../../src/models/parameters/weights.js'
import { vit } from '../../../src/models/zoo/patches/vit.js'
import { preactResnet18 } from '../../../src/models/zoo/preactResnet.js'
import { resnet18 } from '../../../src/models/zoo/resnet.js'
import { mnistNet } from '../../../src/models/zoo/zoo.js'
import { inspectFile } from '../../../src/runtime/inspect/inspectFile.js'
import { temporaryFolder } from '../fakes.js'

const fileOf = (name: string, bytes: Uint8Array): string => {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, bytes)
  return file
}

const saved = (tensors: NamedTensors, metadata: Readonly<Record<string, string>> = {}): string =>
  fileOf('net.safetensors', valueOf(encodeSafetensors(tensors, metadata)))

const onesOf = (network: Architecture): Float32Array => new Float32Array(parameterCount(network)).fill(1)

const stateDict = (network: Architecture, prefix = ''): Map<string, { shape: readonly number[]; data: Float32Array }> =>
  new Map(
    [...unpackWeights(network, onesOf(network)), ...unpackStatistics(network, freshStatistics(network))].map(
      ([name, tensor]) => [`${prefix}${name}`, tensor],
    ),
  )

const drawn = async (file: string): Promise<readonly string[]> =>
  drawInspection(await inspectFile(file), 80, colorsFor({})).split('\n')

describe('a file of tensors', () => {
  const narrow = resnet18({ width: 2, classes: 7 })

  it('needs the tensors that public code names otherwise', async () => {
    const network = vit({ width: 4, depth: 1, size: 16, patch: 8, classes: 3 })
    const tensors = new Map(
      [...stateDict(network)].map(([name, tensor]) => [name.replace('.in_proj.', '.in_proj_'), tensor]),
    )
    expect(tensors.has('encoder.layers.encoder_layer_0.self_attention.in_proj_weight')).toBe(true)
    expect(await inspectFile(saved(tensors))).toMatchObject({ fits: [{ architecture: 'vit', besides: [] }] })
  })

  it('is shown with the network that it fits, its sizes, and the tensors that are not needed', async () => {
    const tensors = stateDict(narrow, 'module.')
    tensors.set('module.bn1.num_batches_tracked', { shape: [], data: new Float32Array(1) })
    const file = saved(tensors, { format: 'pt' })
    const found = await inspectFile(file)
    expect(found).toMatchObject({
      file,
      format: 'safetensors',
      stateDict: null,
      network: null,
      fits: [
        {
          architecture: 'resnet18',
          name: 'resnet18 of width 2',
          classes: 7,
          parameters: parameterCount(narrow),
          options: { width: 2, classes: 7, release: 'pytorch-cifar' },
          assumed: ['size'],
          prefix: 'module.',
          normalisation: null,
          besides: ['module.bn1.num_batches_tracked'],
        },
      ],
      metadata: { format: 'pt' },
      warnings: [],
    })
    expect(found.tensors).toContainEqual({ name: 'module.conv1.weight', shape: [2, 3, 3, 3] })
    expect(found.tensors).toHaveLength(103)
    const lines = await drawn(file)
    expect(lines[1]).toMatch(
      /^safetensors · tensors under "module\." · 103 tensors · fits resnet18 of width 2 · 7 classes · [\d,]+ parameters · [\d,]+ FLOPs$/,
    )
    expect(lines).toContain(
      "  architecture: 'resnet18' reads it; from the file: classes 7 · width 2 · release pytorch-cifar",
    )
    expect(lines).toContain('  besides the network: module.bn1.num_batches_tracked (1)')
    expect(lines).toContainEqual(expect.stringMatching(/^module\.conv1\.weight +2 × 3 × 3 × 3$/))
  })

  it('is shown with the options that its tensors do not show', async () => {
    const lines = await drawn(saved(stateDict(preactResnet18({ width: 2 }))))
    expect(lines[1]).toContain(' · fits preactResnet18 of width 2 · 10 classes · ')
    expect(lines).toContain('  not in the file, so as usual: shortcut')
  })

  it('is shown with the normalisation that it holds', async () => {
    const constants = { shape: [3], data: new Float32Array([0.25, 0.5, 0.75]) }
    const file = saved(new Map([...stateDict(narrow, '1.'), ['0.mean', constants], ['0.std', constants]]))
    const normalisation = { mean: [0.25, 0.5, 0.75], std: [0.25, 0.5, 0.75] }
    expect(await inspectFile(file)).toMatchObject({
      fits: [{ prefix: '1.', normalisation, besides: ['0.mean', '0.std'] }],
    })
    expect(await drawn(file)).toContain('  normalisation: mean 0.25 0.5 0.75, std 0.25 0.5 0.75')
  })

  it('may fit no network; its names do not act on a terminal', async () => {
    const hostile = 'a\x1b[31m\nwarning: b\u202e'
    const file = saved(new Map([[hostile, { shape: [2], data: new Float32Array(2) }]]), { [hostile]: hostile })
    expect(await inspectFile(file)).toMatchObject({ fits: [], tensors: [{ name: hostile }] })
    const lines = await drawn(file)
    expect(lines[1]).toBe('safetensors · 1 tensor · fits no network that has a name here')
    for (const acting of ['\x1b', '\u202e']) expect(lines.join('')).not.toContain(acting)
    expect(lines.filter((line) => line.startsWith('warning'))).toEqual([])
  })
})

describe('a file that describes its network', () => {
  it('is shown with its layers, operations and mask: safetensors', async () => {
    const mask = onesOf(mnistNet)
    const [weight] = parametersOf(mnistNet)
    mask.fill(0, 0, 100)
    const pruned = unpackWeights(mnistNet, mask)
    const description = describeArchitecture(mnistNet)
    const file = saved(pruned, { description, masks: describeMask(mnistNet, mask), by: 'us' })
    const found = await inspectFile(file)
    expect(found.network).toMatchObject({
      name: 'mnistNet',
      input: [1, 28, 28],
      classes: 10,
      parameters: parameterCount(mnistNet),
      kept: parameterCount(mnistNet) - 100,
    })
    // The first layer is a 4×4 convolution of 16 channels on 14×14 places.
    expect(found.network?.layers[0]).toEqual({
      id: '0',
      type: 'conv2d',
      shape: [16, 14, 14],
      parameters: 272,
      nonZero: 172,
      flops: 2 * 14 * 14 * 16 * 16,
    })
    expect(weight?.name).toBe('0.weight')
    expect([found.fits, found.metadata]).toEqual([[], { by: 'us' }])
    const lines = await drawn(file)
    expect(lines[1]).toContain(
      ` · mnistNet · 10 classes · ${parameterCount(mnistNet).toLocaleString('en')} parameters · `,
    )
    expect(lines[1]).toMatch(/ · the mask keeps [\d,]+ \(99\.9 %\)$/)
    expect(lines).toContainEqual(expect.stringMatching(/^0 +conv2d +16 × 14 × 14 +272 +172 +100,352$/))
  })

  it('is shown with its layers: ONNX', async () => {
    const bytes = valueOf(encodeOnnx(mnistNet, onesOf(mnistNet), new Float32Array()))
    const { format, network, tensors } = await inspectFile(fileOf('net.onnx', bytes))
    expect([format, network?.classes, network?.kept, tensors.length]).toEqual(['ONNX', 10, null, 8])
    expect(network?.layers.map(({ type }) => type)).toEqual(mnistNet.nodes.map(({ layer }) => layer.type))
  })

  it.each([
    ['a description without layers', { description: '{}' }],
    ['masks of another network', { description: describeArchitecture(mnistNet), masks: '{"9.weight":""}' }],
  ])('is refused for %s', async (_, metadata) => {
    const file = saved(unpackWeights(mnistNet, onesOf(mnistNet)), metadata)
    await expect(inspectFile(file)).rejects.toMatchObject({ error: { _tag: 'FileError', stage: 'inspect', file } })
  })
})

it('a file that is missing, or of another kind, is refused', async () => {
  await expect(inspectFile('nowhere.pth')).rejects.toMatchObject({ error: { _tag: 'FileError', stage: 'inspect' } })
  const other = fileOf('net.pth', new TextEncoder().encode('hello'))
  await expect(inspectFile(other)).rejects.toMatchObject({ error: { _tag: 'FileError', file: other } })
})
